{#
  Rolling lateness by key: how many flights, how many late and how much delay, over several windows that end now.
  Outcomes count from the tile in which they became known, and are taken away again when they leave the window,
  so that a row says what was true from its time until the next one.
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
  {% for name, interval in windows.items() -%}
  select {{ key_list }}, tile_at as known_at
    {%- for other in windows %}, {{ 'flights' if other == name else '0' }} as flights_{{ other }}, {{ 'late' if other == name else '0' }} as late_{{ other }}, {{ 'delay' if other == name else '0' }} as delay_{{ other }}{% endfor %} from tiles
  union all
  select {{ key_list }}, tile_at + interval '{{ interval }}' as known_at
    {%- for other in windows %}, {{ '-flights' if other == name else '0' }}, {{ '-late' if other == name else '0' }}, {{ '-delay' if other == name else '0' }}{% endfor %} from tiles
  {{ 'union all' if not loop.last }}
  {% endfor %}
),
steps as (
  select {{ key_list }}, known_at
    {%- for name in windows %}, sum(flights_{{ name }})::double as flights_{{ name }}, sum(late_{{ name }})::double as late_{{ name }}, sum(delay_{{ name }})::double as delay_{{ name }}{% endfor %}
  from changes
  group by all
)
select
  {{ key_list }},
  known_at
  {%- for name in windows %},
  ((sum(late_{{ name }}) over history + 1) / (sum(flights_{{ name }}) over history + 5))::float as late_rate_{{ name }},
  (sum(delay_{{ name }}) over history / (sum(flights_{{ name }}) over history + 5))::float as mean_delay_{{ name }}
  {%- endfor %}
from steps
window history as (partition by {{ key_list }} order by known_at rows unbounded preceding)
{% endmacro %}
