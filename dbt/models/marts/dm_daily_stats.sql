{{ config(unique_key='report_date') }}

with activity as (

    select user_id, created_at, 0 as predictions
    from {{ ref('stg_interactions') }}
    where {{ since('created_at') }}

    union all

    select user_id, created_at, 1 as predictions
    from {{ ref('stg_predictions') }}
    where {{ since('created_at') }}

)

select
    {{ utc_day('created_at') }} as report_date,
    count(distinct user_id) filter (where user_id <> 'anon') as dau,
    sum(predictions) as total_predictions
from activity
group by 1
order by 1 desc
