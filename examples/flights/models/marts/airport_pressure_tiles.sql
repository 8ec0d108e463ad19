-- The pressure on an airport: how late it lets flights go (the mean gap of the last hour), and how many left in the hour
-- before and after this one a week ago.
with tiles as (
  select
    origin as airport,
    {{ tile_end('departed_at', 15) }} as tile_at,
    {{ counts_together('count(*)', '0', 'sum(gap_minutes)') }} as counts
  from {{ ref('flight_gaps') }}
  group by all
),
changes as (
  select airport, tile_at as known_at, counts from tiles
  {%- for interval in ['1 hour', '6 days 23 hours', '7 days', '7 days 1 hour'] %}
  union all
  select airport, tile_at + interval '{{ interval }}', 0 from tiles
  {%- endfor %}
),
moments as (
  select airport, known_at, sum(counts)::bigint as counts
  from changes
  group by all
),
summed as (
  select
    airport,
    known_at,
    (sum(counts) over last_hour)::bigint as last_hour,
    coalesce(sum(counts) over hour_before_week_ago, 0)::bigint as hour_before_week_ago,
    coalesce(sum(counts) over hour_after_week_ago, 0)::bigint as hour_after_week_ago
  from moments
  window
    last_hour as (
      partition by airport order by known_at
      range between interval '45 minutes' preceding and current row
    ),
    hour_before_week_ago as (
      partition by airport order by known_at
      range between interval '7 days 45 minutes' preceding and interval '7 days' preceding
    ),
    hour_after_week_ago as (
      partition by airport order by known_at
      range between interval '6 days 23 hours 45 minutes' preceding and interval '6 days 23 hours' preceding
    )
)
select
  airport,
  known_at,
  ({{ delay_in('last_hour') }} / nullif({{ flights_in('last_hour') }}, 0))::float as gap_1h,
  {{ flights_in('hour_before_week_ago') }}::float as departures_1h_week_ago,
  {{ flights_in('hour_after_week_ago') }}::float as departures_next_1h_week_ago
from summed
