-- How late the flights that left an airport turned out to be, as known.
{{ rolling_lateness(['origin'], {'1h': '1 hour', '3h': '3 hours', '1d': '1 day'}, ['3h'], 15) }}
