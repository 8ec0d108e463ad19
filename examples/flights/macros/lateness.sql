{#
  Rolling lateness by key: how many flights, how many late and how much delay, over several windows that end now, each of so
  many minutes. An outcome counts from the tile in which it became known, until it is older than the window. There is a row
  for each moment at which a number changes, so that a row says what was true from its time until the next one. The rate of
  late flights is told for each window, the mean delay for those of `delays_over`.
#}
{% macro rolling_lateness(keys, windows, delays_over, tile_minutes) %}
{%- set key_list = keys | join(', ') -%}
with tiles as (
  select
    {{ key_list }},
    {{ tile_number('known_at', tile_minutes) }} as tile,
    {{ counts_together('count(*)', 'sum(late)', 'sum(clipped_delay)') }} as counts
  from {{ ref('flights') }}
  group by all
),
changes as (
  -- Outcomes become known
  select {{ key_list }}, tile, counts from tiles
  {%- for name, minutes in windows.items() %}
  union all
  -- and leave a window, which its frame below sees to.
  select {{ key_list }}, tile + {{ minutes // tile_minutes }}, 0 from tiles
  {%- endfor %}
),
moments as (
  select {{ key_list }}, tile, sum(counts)::bigint as counts
  from changes
  group by all
),
summed as (
  select
    {{ key_list }},
    {{ tile_time('tile', tile_minutes) }} as known_at
    {%- for name in windows %},
    (sum(counts) over last_{{ name }})::bigint as last_{{ name }}
    {%- endfor %}
  from moments
  window
    {%- for name, minutes in windows.items() %}
    last_{{ name }} as (
      partition by {{ key_list }} order by tile
      range between {{ minutes // tile_minutes - 1 }} preceding and current row
    ){{ ',' if not loop.last }}
    {%- endfor %}
)
select
  {{ key_list }},
  known_at
  {%- for name in windows %},
  (({{ late_in('last_' ~ name) }} + 1) / ({{ flights_in('last_' ~ name) }} + 5))::float as late_rate_{{ name }}
  {%- endfor %}
  {%- for name in delays_over %},
  ({{ delay_in('last_' ~ name) }} / ({{ flights_in('last_' ~ name) }} + 5))::float as mean_delay_{{ name }}
  {%- endfor %}
from summed
{% endmacro %}

{#
  Three counts as one number, each with bits of its own, so that a window adds them up in one go, in half the time: flights
  from bit 42 on, late ones from 24, and below them the minutes of delay, 30 more for each flight so that there are none
  below zero. A window of one key has room for 110,000 flights.
#}
{% macro counts_together(flights, late, delay) -%}
(({{ flights }})::bigint << 42) + (({{ late }})::bigint << 24) + ({{ delay }} + 30 * {{ flights }})::bigint
{%- endmacro %}

{% macro flights_in(counts) -%} ({{ counts }} >> 42) {%- endmacro %}

{% macro late_in(counts) -%} (({{ counts }} >> 24) & ((1 << 18) - 1)) {%- endmacro %}

{% macro delay_in(counts) -%} (({{ counts }} & ((1 << 24) - 1)) - 30 * {{ flights_in(counts) }}) {%- endmacro %}
