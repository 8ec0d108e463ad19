-- How late the flights that left an airport turned out to be, as known.
with tiles as (
  select
    origin,
    time_bucket(interval '15 minutes', known_at - interval '1 microsecond') + interval '15 minutes' as tile_at,
    ((count(*))::bigint << 42) + ((sum(late))::bigint << 24) + (sum(clipped_delay) + 30 * count(*))::bigint as counts
  from "memory"."main"."flights"
  group by all
),
changes as (
  -- Outcomes become known
  select origin, tile_at as known_at, counts from tiles
  union all
  -- and leave a window, which its frame below sees to.
  select origin, tile_at + interval '1 hour', 0 from tiles
  union all
  -- and leave a window, which its frame below sees to.
  select origin, tile_at + interval '3 hours', 0 from tiles
  union all
  -- and leave a window, which its frame below sees to.
  select origin, tile_at + interval '1 day', 0 from tiles
),
moments as (
  select origin, known_at, sum(counts)::bigint as counts
  from changes
  group by all
),
summed as (
  select
    origin,
    known_at,
    (sum(counts) over last_1h)::bigint as last_1h,
    (sum(counts) over last_3h)::bigint as last_3h,
    (sum(counts) over last_1d)::bigint as last_1d
  from moments
  window
    last_1h as (
      partition by origin order by known_at
      range between interval '1 hour' - interval '15 minutes' preceding and current row
    ),
    last_3h as (
      partition by origin order by known_at
      range between interval '3 hours' - interval '15 minutes' preceding and current row
    ),
    last_1d as (
      partition by origin order by known_at
      range between interval '1 day' - interval '15 minutes' preceding and current row
    )
)
select
  origin,
  known_at,
  ((((last_1h >> 24) & ((1 << 18) - 1)) + 1) / ((last_1h >> 42) + 5))::float as late_rate_1h,
  (((last_1h & ((1 << 24) - 1)) - 30 * (last_1h >> 42)) / ((last_1h >> 42) + 5))::float as mean_delay_1h,
  ((((last_3h >> 24) & ((1 << 18) - 1)) + 1) / ((last_3h >> 42) + 5))::float as late_rate_3h,
  (((last_3h & ((1 << 24) - 1)) - 30 * (last_3h >> 42)) / ((last_3h >> 42) + 5))::float as mean_delay_3h,
  ((((last_1d >> 24) & ((1 << 18) - 1)) + 1) / ((last_1d >> 42) + 5))::float as late_rate_1d,
  (((last_1d & ((1 << 24) - 1)) - 30 * (last_1d >> 42)) / ((last_1d >> 42) + 5))::float as mean_delay_1d
from summed
