select * from {{ ref('dm_model_quality') }}
where hits > judged or judged > lists or mrr > hit_rate or hit_rate > 1
