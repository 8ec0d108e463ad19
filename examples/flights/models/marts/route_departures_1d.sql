{{ config(materialized='view') }}
-- The route's departures, 1 day(s) on.
{{ departures_ago(1) }}
