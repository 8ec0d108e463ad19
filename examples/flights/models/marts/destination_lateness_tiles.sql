-- How late the flights to an airport turned out to be, as known.
{{ rolling_lateness(['destination'], {'1h': 60, '3h': 180, '1d': 1440}, ['3h'], 15) }}
