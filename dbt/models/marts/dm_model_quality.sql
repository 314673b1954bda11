{{ config(unique_key='report_date') }}

with lists as (

    select
        user_id,
        model_version,
        item_ids,
        k,
        created_at,
        {{ utc_day('created_at') }} as report_date
    from {{ ref('stg_predictions') }}
    where user_id <> 'anon' and {{ since('created_at') }}

),

-- What the user did first after the list was asked for.
judged as (

    select
        lists.*,
        first_act.item_id,
        array_position(lists.item_ids, first_act.item_id) as rank
    from lists
    left join lateral (
        select acts.item_id
        from {{ ref('stg_interactions') }} as acts
        where acts.user_id = lists.user_id
            and acts.created_at > lists.created_at
            and acts.created_at <= lists.created_at
                + make_interval(days => {{ var('judged_within_days') }})
        order by acts.created_at, acts.item_id
        limit 1
    ) as first_act on true

)

select
    report_date,
    model_version,
    count(*) as lists,
    count(item_id) as judged,
    count(rank) as hits,
    cast(count(rank) as double precision) / nullif(count(item_id), 0) as hit_rate,
    cast(sum(1.0 / rank) as double precision) / nullif(count(item_id), 0) as mrr,
    cast(avg(k) as double precision) as mean_k
from judged
group by 1, 2
