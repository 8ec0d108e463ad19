{{ lateness_recounted('route_lateness_tiles', ['origin', 'destination'], 60) }}
