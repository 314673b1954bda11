{# The UTC day of a moment. #}
{% macro utc_day(moment) -%}
    cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}

{# From where on an incremental run counts again: whole UTC days. Nothing at the first
   run, and when all is counted anew. #}
{% macro since(moment) -%}
    {%- if is_incremental() -%}
    {{ moment }} >= (
        date_trunc('day', now() at time zone 'UTC')
        - make_interval(days => {{ var('look_back_days') }})
    ) at time zone 'UTC'
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
