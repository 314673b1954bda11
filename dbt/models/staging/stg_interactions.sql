-- The same event delivered twice is one: the same user, item and moment.
select distinct on (user_id, item_id, created_at)
    cast(user_id as text) as user_id,
    cast(item_id as bigint) as item_id,
    cast(created_at as timestamptz) as created_at
from {{ source('raw', 'interactions') }}
