{{ config(materialized='view') }}
-- The route's departures, 7 day(s) on.
{{ departures_ago(7) }}
