{{ config(materialized='view') }}
-- The route's departures, 14 day(s) on.
{{ departures_ago(14) }}
