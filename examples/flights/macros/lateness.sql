{#
  Rolling lateness by key: how many flights, how many late and how much delay, over several windows that end now.
  An outcome counts from the tile in which it became known, until it is older than the window. There is a row for each
  moment at which a number changes, so that a row says what was true from its time until the next one.
#}
{% macro rolling_lateness(keys, windows, tile_minutes) %}
{%- set key_list = keys | join(', ') -%}
with tiles as (
  select
    {{ key_list }},
    {{ tile_end('known_at', tile_minutes) }} as tile_at,
    count(*)::int as flights,
    sum(late)::int as late,
    sum(clipped_delay)::int as delay
  from {{ ref('flights') }}
  group by all
),
changes as (
  -- Outcomes become known
  select {{ key_list }}, tile_at as known_at, flights, late, delay from tiles
  {%- for name, interval in windows.items() %}
  union all
  -- and leave a window, which its frame below sees to.
  select {{ key_list }}, tile_at + interval '{{ interval }}', 0, 0, 0 from tiles
  {%- endfor %}
),
moments as (
  select {{ key_list }}, known_at, sum(flights)::int as flights, sum(late)::int as late, sum(delay)::int as delay
  from changes
  group by all
)
select
  {{ key_list }},
  known_at
  {%- for name in windows %},
  ((sum(late) over last_{{ name }} + 1) / (sum(flights) over last_{{ name }} + 5))::float as late_rate_{{ name }},
  (sum(delay) over last_{{ name }} / (sum(flights) over last_{{ name }} + 5))::float as mean_delay_{{ name }}
  {%- endfor %}
from moments
window
  {%- for name, interval in windows.items() %}
  last_{{ name }} as (
    partition by {{ key_list }} order by known_at
    range between interval '{{ interval }}' - interval '{{ tile_minutes }} minutes' preceding and current row
  ){{ ',' if not loop.last }}
  {%- endfor %}
{% endmacro %}
