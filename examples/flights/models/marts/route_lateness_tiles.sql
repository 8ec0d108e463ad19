-- How late the flights of a route turned out to be, as known.
{{ rolling_lateness(['origin', 'destination'], {'1d': '1 day', '7d': '7 days', '28d': '28 days'}, ['1d'], 60) }}
