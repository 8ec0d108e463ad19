-- A model is a SELECT, and the table that it makes has the file's name. This one cleans: `holiday` is yes or no in the
-- file, true or false here.
select
  day,
  weather,
  temperature,
  holiday = 'yes' as holiday,
  scoops
from {{ source('raw', 'ice_cream_raw') }}
where scoops is not null
