-- One row a flight, in UTC. Exact duplicates are kept: two flights of a route may leave in one minute. Their ids come from
-- their order, which is the same in every run since equal rows are interchangeable.
with placed as (
  select
    row_number() over (order by f.date, f.origin, f.destination, f.delay, f.distance) as flight_id,
    f.origin,
    f.destination,
    f.distance,
    f.delay,
    f.date as departed_local,
    {{ local_to_utc('f.date', 'a') }} as departed_at
  from {{ source('raw', 'flights_raw') }} as f
  join {{ ref('airports') }} as a on a.airport = f.origin
  where f.delay between -120 and 1500
)
select
  flight_id,
  origin,
  destination,
  distance,
  delay,
  (delay > 15)::int as late,
  greatest(least(delay, 120), -30) as clipped_delay,
  departed_local,
  departed_at,
  -- Another flight's outcome is known once it has landed: an estimate of its time in the air, and an hour.
  departed_at + to_minutes((60 + distance / 7.0)::int) as known_at
from placed
