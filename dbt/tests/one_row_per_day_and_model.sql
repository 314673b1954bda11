select report_date, model_version from {{ ref('dm_model_quality') }}
group by 1, 2 having count(*) > 1
