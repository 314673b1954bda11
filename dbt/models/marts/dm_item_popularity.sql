{{ config(
    unique_key='report_date',
    indexes=[{'columns': ['report_date', 'item_id'], 'unique': true}]
) }}

select
    {{ utc_day('created_at') }} as report_date,
    item_id,
    count(*) as interactions,
    count(distinct user_id) as users
from {{ ref('stg_interactions') }}
where {{ since('created_at') }}
group by 1, 2
