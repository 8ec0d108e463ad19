-- How late the flights of a route turned out to be, as known.
with tiles as (
  select
    origin, destination,
    time_bucket(interval '60 minutes', known_at - interval '1 microsecond') + interval '60 minutes' as tile_at,
    ((count(*))::bigint << 42) + ((sum(late))::bigint << 24) + (sum(clipped_delay) + 30 * count(*))::bigint as counts
  from "memory"."main"."flights"
  group by all
),
changes as (
  -- Outcomes become known
  select origin, destination, tile_at as known_at, counts from tiles
  union all
  -- and leave a window, which its frame below sees to.
  select origin, destination, tile_at + interval '1 day', 0 from tiles
  union all
  -- and leave a window, which its frame below sees to.
  select origin, destination, tile_at + interval '7 days', 0 from tiles
  union all
  -- and leave a window, which its frame below sees to.
  select origin, destination, tile_at + interval '28 days', 0 from tiles
),
moments as (
  select origin, destination, known_at, sum(counts)::bigint as counts
  from changes
  group by all
),
summed as (
  select
    origin, destination,
    known_at,
    (sum(counts) over last_1d)::bigint as last_1d,
    (sum(counts) over last_7d)::bigint as last_7d,
    (sum(counts) over last_28d)::bigint as last_28d
  from moments
  window
    last_1d as (
      partition by origin, destination order by known_at
      range between interval '1 day' - interval '60 minutes' preceding and current row
    ),
    last_7d as (
      partition by origin, destination order by known_at
      range between interval '7 days' - interval '60 minutes' preceding and current row
    ),
    last_28d as (
      partition by origin, destination order by known_at
      range between interval '28 days' - interval '60 minutes' preceding and current row
    )
)
select
  origin, destination,
  known_at,
  ((((last_1d >> 24) & ((1 << 18) - 1)) + 1) / ((last_1d >> 42) + 5))::float as late_rate_1d,
  (((last_1d & ((1 << 24) - 1)) - 30 * (last_1d >> 42)) / ((last_1d >> 42) + 5))::float as mean_delay_1d,
  ((((last_7d >> 24) & ((1 << 18) - 1)) + 1) / ((last_7d >> 42) + 5))::float as late_rate_7d,
  (((last_7d & ((1 << 24) - 1)) - 30 * (last_7d >> 42)) / ((last_7d >> 42) + 5))::float as mean_delay_7d,
  ((((last_28d >> 24) & ((1 << 18) - 1)) + 1) / ((last_28d >> 42) + 5))::float as late_rate_28d,
  (((last_28d & ((1 << 24) - 1)) - 30 * (last_28d >> 42)) / ((last_28d >> 42) + 5))::float as mean_delay_28d
from summed
