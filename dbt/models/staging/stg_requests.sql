select
    request_id,
    cast(user_id as text) as user_id,
    cast(status as text) as status,
    cast(created_at as timestamptz) as created_at,
    case when status <> 'PENDING' then cast(updated_at as timestamptz) end as ended_at
from {{ source('raw', 'predictions') }}
