-- For each departure, the minutes since the same route's at this hour one, two and three weeks ago, the least of them:
-- close to its own delay in leaving, and known as it leaves. As in the features, a departure is seen from five minutes
-- before its hour on.
{%- set weeks = [1, 2, 3] %}
with seen as (
  select
    flight_id,
    origin,
    departed_at,
    departed_local
    {%- for week in weeks %},
    last_value(departed_local) over week_{{ week }} + interval '{{ week }} weeks' as expected_{{ week }}
    {%- endfor %}
  from {{ ref('flights') }}
  window
    {%- for week in weeks %}
    week_{{ week }} as (
      partition by origin, destination order by departed_local
      range between unbounded preceding and interval '{{ week }} weeks' - interval '5 minutes' preceding
    ){{ ',' if not loop.last }}
    {%- endfor %}
)
select
  flight_id,
  origin,
  departed_at,
  least(
    {%- for week in weeks %}
    date_diff('minute', expected_{{ week }}, departed_local),
    {%- endfor %}
    120
  ) as gap_minutes
from seen
