{#
  The route's departures moved on by some days, in the airport's local time: a flight that leaves now is compared with the
  one that left at this hour then. A departure is seen from five minutes before its hour on. Two that left in one minute say the same twice, which changes nothing.
#}
{% macro departures_ago(days) %}
select
  f.origin,
  f.destination,
  {{ local_to_utc("(f.departed_local + interval '" ~ days ~ " days' - interval '5 minutes')", 'a') }} as seen_from,
  {{ local_to_utc("(f.departed_local + interval '" ~ days ~ " days')", 'a') }} as expected_at
from {{ ref('flights') }} as f
join {{ ref('airports') }} as a on a.airport = f.origin
{% endmacro %}
