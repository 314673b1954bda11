select report_date, item_id from {{ ref('dm_item_popularity') }}
group by 1, 2 having count(*) > 1
