-- What is predicted: one row for each flight at pushback. The first week only fills the windows.
select flight_id, departed_at, origin, destination, distance, late
from {{ ref('flights') }}
where departed_local >= timestamp '2001-01-08 00:00:00'
