{# The UTC day of a moment. #}
{% macro utc_day(moment) -%}
    cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}

{% macro looks_back(moment) -%}
    {{ moment }} >= (
        date_trunc('day', now() at time zone 'UTC')
        - make_interval(days => {{ var('look_back_days') }})
    ) at time zone 'UTC'
{%- endmacro %}

{# From where on an incremental run counts again: whole UTC days. Nothing at the first
   run, and when all is counted anew. #}
{% macro since(moment) -%}
    {{ looks_back(moment) if is_incremental() else 'true' }}
{%- endmacro %}
