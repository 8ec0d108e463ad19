{{ config(materialized='view') }}
-- The route's departures, 21 day(s) on.
{{ departures_ago(21) }}
