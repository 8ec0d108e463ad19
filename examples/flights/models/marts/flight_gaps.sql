-- For each departure, the minutes since the same route's at this hour one, two and three weeks ago, the least of them:
-- close to its own delay in leaving, and known as it leaves.
select
  f.flight_id,
  f.origin,
  f.departed_at,
  least(
    date_diff('minute', w1.expected_at, f.departed_at),
    date_diff('minute', w2.expected_at, f.departed_at),
    date_diff('minute', w3.expected_at, f.departed_at),
    120
  ) as gap_minutes
from {{ ref('flights') }} as f
asof left join {{ ref('route_departures_7d') }} as w1
  on w1.origin = f.origin and w1.destination = f.destination and f.departed_at >= w1.seen_from
asof left join {{ ref('route_departures_14d') }} as w2
  on w2.origin = f.origin and w2.destination = f.destination and f.departed_at >= w2.seen_from
asof left join {{ ref('route_departures_21d') }} as w3
  on w3.origin = f.origin and w3.destination = f.destination and f.departed_at >= w3.seen_from
