-- One row of sales.csv each, read as what it is: missing values are null, names are plain. Rows without Returned or
-- Sold on are left out: they have nothing to learn from.
select
  "Order No" as order_no,
  try_strptime(trim("Sold on"), ['%Y-%m-%d', '%d.%m.%Y', '%b %d, %Y']) as sold_on,
  nullif(trim("Customer"), '') as customer,
  nullif(trim("Shop"), '') as shop,
  case lower(trim("Category")) when 'shoes' then 'Shoes' when 'bags' then 'Bags' when 'dresses' then 'Dresses' when 'jewellery' then 'Jewellery' when 't-shirts' then 'T-shirts' else nullif(trim("Category"), '') end as category,
  try_cast(replace(replace(case when lower(trim("Price (€)")) not in ('n/a', '-') then trim("Price (€)") end, '.', ''), ',', '.') as double) as price,
  "Qty" as qty,
  "Age of customer" as age_of_customer,
  (lower(trim("Express?")) = 'yes') as express,
  nullif(trim("Currency"), '') as currency,
  nullif(trim("Remarks"), '') as remarks,
  (lower(trim("Returned")) = 'yes')::int as returned,
  try_cast(replace(replace(trim("Refund (€)"), '.', ''), ',', '.') as double) as refund
from {{ source('raw', 'sales_raw') }}
where (lower(trim("Returned")) = 'yes')::int is not null
  and try_strptime(trim("Sold on"), ['%Y-%m-%d', '%d.%m.%Y', '%b %d, %Y']) is not null
