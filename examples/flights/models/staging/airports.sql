-- The airports that appear in the flights, with their clocks: a state has one zone, but for a few cities.
select
  iata as airport,
  name,
  state,
  latitude,
  longitude,
  case
    when state in ('PR', 'VI') then -240
    when iata in ('MQT', 'TYS', 'TRI', 'CHA') then -300
    when state in ('CT', 'DE', 'DC', 'FL', 'GA', 'IN', 'KY', 'ME', 'MD', 'MA', 'MI', 'NH', 'NJ', 'NY', 'NC', 'OH', 'PA', 'RI', 'SC', 'VT', 'VA', 'WV') then -300
    when iata = 'ELP' then -420
    when state in ('AL', 'AR', 'IL', 'IA', 'KS', 'LA', 'MN', 'MS', 'MO', 'NE', 'ND', 'OK', 'SD', 'TN', 'TX', 'WI') then -360
    when state in ('AZ', 'CO', 'ID', 'MT', 'NM', 'UT', 'WY') then -420
    when state in ('CA', 'NV', 'OR', 'WA') then -480
    when state = 'AK' then -540
    when state = 'HI' then -600
    when state in ('GU', 'AS') then 600
  end as standard_offset_minutes,
  state not in ('AZ', 'HI', 'IN', 'PR', 'VI', 'GU', 'AS') as daylight_saving
from {{ source('raw', 'airports_raw') }}
where iata in (
  select origin from {{ source('raw', 'flights_raw') }}
  union
  select destination from {{ source('raw', 'flights_raw') }}
)
