-- How late the flights of a route turned out to be, as known.
{{ rolling_lateness(['origin', 'destination'], {'1d': 1440, '7d': 10080, '28d': 40320}, ['1d'], 60) }}
