-- The pressure on an airport: how late it lets flights go (the mean gap of the last hour), and how many left in the hour
-- before and after this one a week ago.
with departures as (
  select origin as airport, {{ tile_end('departed_at', 15) }} as tile_at, count(*)::int as flights, sum(gap_minutes)::int as gap
  from {{ ref('flight_gaps') }}
  group by all
),
changes as (
  select airport, tile_at as known_at, flights as recent, gap, 0 as before_ago, 0 as after_ago from departures
  union all
  select airport, tile_at + interval '1 hour', -flights, -gap, 0, 0 from departures
  union all
  select airport, tile_at + interval '7 days', 0, 0, flights, -flights from departures
  union all
  select airport, tile_at + interval '7 days 1 hour', 0, 0, -flights, 0 from departures
  union all
  select airport, tile_at + interval '6 days 23 hours', 0, 0, 0, flights from departures
),
steps as (
  select airport, known_at, sum(recent)::int as recent, sum(gap)::int as gap, sum(before_ago)::int as before_ago, sum(after_ago)::int as after_ago
  from changes
  group by all
)
select
  airport,
  known_at,
  (sum(gap) over history / nullif(sum(recent) over history, 0))::float as gap_1h,
  (sum(recent) over history)::float as departures_1h,
  (sum(before_ago) over history)::float as departures_1h_week_ago,
  (sum(after_ago) over history)::float as departures_next_1h_week_ago
from steps
window history as (partition by airport order by known_at rows unbounded preceding)
