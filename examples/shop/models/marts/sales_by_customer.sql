-- What the last 364 days told of each customer, by day. It counts from the next day on, so that no row sees its own
-- returned, nor one of its day. If returned is known later than that, say so in known_at.
with by_day as (
  select
    customer,
    date_trunc('day', sold_on) as day,
    sum(returned) as sum_1,
    sum(1) as sum_2
  from {{ ref('sales') }}
  where customer is not null
  group by all
)
select
  customer,
  day + interval 1 day as known_at,
  sum(sum_1) over days_until_then / sum(sum_2) over days_until_then as mean_returned_364d,
  (sum(sum_2) over days_until_then)::double as rows_364d
from by_day
window days_until_then as (partition by customer order by day range between interval 363 days preceding and current row)
