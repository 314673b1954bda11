select report_hour, status from {{ ref('dm_request_outcomes') }}
group by 1, 2 having count(*) > 1
