{# A member of result_json that is an array of numbers, as a PostgreSQL array; its text is
   one as soon as the brackets are braces. #}
{% macro json_array(member, type) -%}
    cast(translate(result_json ->> '{{ member }}', '[]', '{}') as {{ type }}[])
{%- endmacro %}
