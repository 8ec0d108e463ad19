with landed as (
  select origin, destination, late,
    time_bucket(interval '60 minutes', (departed_at + to_minutes((60 + distance / 7.0)::int)) - interval '1 microsecond') + interval '60 minutes' as seen_from
  from "memory"."main"."flights"
),
asked as (
  select origin, destination, known_at, late_rate_1d
  from "memory"."main"."route_lateness_tiles"
  order by hash(origin, destination, known_at)
  limit 200
),
recounted as (
  select asked.origin, asked.destination, asked.known_at, asked.late_rate_1d,
    (coalesce(sum(landed.late), 0) + 1) / (count(landed.late) + 5) as late_rate_1d_recounted
  from asked
  left join landed
    on landed.origin = asked.origin and landed.destination = asked.destination and landed.seen_from <= asked.known_at
    and landed.seen_from > asked.known_at - interval '1 day'
  group by all
)
select * from recounted where abs(late_rate_1d - late_rate_1d_recounted) > 0.000001
