with completed as (

    select * from {{ source('raw', 'predictions') }}
    where status = 'COMPLETED' and jsonb_typeof(result_json -> 'item_ids') = 'array'

)

select
    request_id,
    cast(user_id as text) as user_id,
    coalesce(model_version, result_json ->> 'model_version', 'unknown') as model_version,
    coalesce(result_json ->> 'source', 'model') as source,
    {{ json_array('item_ids', 'bigint') }} as item_ids,
    {{ json_array('scores', 'double precision') }} as scores,
    jsonb_array_length(result_json -> 'item_ids') as k,
    cast(result_json ->> 'history_used' as integer) as history_used,
    cast(result_json ->> 'unknown_dropped' as integer) as unknown_dropped,
    cast(created_at as timestamptz) as created_at,
    cast(updated_at as timestamptz) as completed_at
from completed
