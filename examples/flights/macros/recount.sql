{#
  The lag rule, held against the tiles: 200 of their rows, counted again from the flights that had landed by then. The
  landing is worked out from the departure here, so that a tile which knows an outcome at departure is found out.
  Returns the rows that say something else.
#}
{% macro lateness_recounted(tiles, keys, tile_minutes) %}
with landed as (
  select {{ keys | join(', ') }}, late,
    {{ tile_end("(departed_at + to_minutes((60 + distance / 7.0)::int))", tile_minutes) }} as seen_from
  from {{ ref('flights') }}
),
asked as (
  select {{ keys | join(', ') }}, known_at, late_rate_1d
  from {{ ref(tiles) }}
  order by hash({{ keys | join(', ') }}, known_at)
  limit 200
),
recounted as (
  select {% for key in keys %}asked.{{ key }}, {% endfor %}asked.known_at, asked.late_rate_1d,
    (coalesce(sum(landed.late), 0) + 1) / (count(landed.late) + 5) as late_rate_1d_recounted
  from asked
  left join landed
    on {% for key in keys %}landed.{{ key }} = asked.{{ key }} and {% endfor %}landed.seen_from <= asked.known_at
    and landed.seen_from > asked.known_at - interval '1 day'
  group by all
)
select * from recounted where abs(late_rate_1d - late_rate_1d_recounted) > 0.000001
{% endmacro %}
