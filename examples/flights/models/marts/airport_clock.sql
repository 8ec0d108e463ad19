-- Where an airport is and how far its clock is from UTC, from each change on.
select airport, timestamp '2000-01-01 00:00:00' as valid_from, latitude, longitude, standard_offset_minutes as utc_offset_minutes
from {{ ref('airports') }}
union all
select airport, timestamp '2001-04-01 02:00:00' - to_minutes(standard_offset_minutes), latitude, longitude, standard_offset_minutes + 60
from {{ ref('airports') }}
where daylight_saving
