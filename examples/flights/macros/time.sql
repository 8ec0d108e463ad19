{# The time in UTC of a local time at an airport whose clock is given. Daylight saving of 2001 began on 1 April at 02:00. #}
{% macro local_to_utc(local, clock) -%}
{{ local }} - to_minutes({{ clock }}.standard_offset_minutes
  + case when {{ clock }}.daylight_saving and {{ local }} >= timestamp '2001-04-01 03:00:00' then 60 else 0 end)
{%- endmacro %}

{# The end of the tile that a time falls into: what happened in a tile is seen from its end on, never before. #}
{% macro tile_end(time, minutes) -%}
time_bucket(interval '{{ minutes }} minutes', {{ time }} - interval '1 microsecond') + interval '{{ minutes }} minutes'
{%- endmacro %}

{# Tiles by their number since 1970, which is sorted and compared faster than a time: the one that a time falls into, and its end. #}
{% macro tile_number(time, minutes) -%}
ceil(epoch({{ time }}) / {{ 60 * minutes }})::int
{%- endmacro %}

{% macro tile_time(tile, minutes) -%}
timestamp '1970-01-01' + to_minutes({{ tile }} * {{ minutes }})
{%- endmacro %}
