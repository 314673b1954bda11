{# What a test of a relation reads. Staging has a row for each of the app's: an hourly run
   tests those it counts, ops/dbt build --full-refresh all (see dbt_project.yml). #}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if not where -%}
    {{ relation }}
    {%- elif where == '__counted__' -%}
    (select * from {{ relation }} where {{ 'true' if flags.FULL_REFRESH else looks_back('created_at') }}) dbt_subquery
    {%- else -%}
    (select * from {{ relation }} where {{ where }}) dbt_subquery
    {%- endif -%}
{%- endmacro %}
