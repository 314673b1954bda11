{{ config(unique_key='report_hour') }}

select
    cast(date_trunc('hour', created_at at time zone 'UTC') as timestamp) as report_hour,
    status,
    count(*) as requests,
    {% for share in [50, 95, 99] -%}
    percentile_cont({{ share / 100 }}) within group (
        order by extract(epoch from ended_at - created_at)
    ) as p{{ share }}_s{{ "," if not loop.last }}
    {% endfor %}
from {{ ref('stg_requests') }}
where {{ since('created_at') }}
group by 1, 2
