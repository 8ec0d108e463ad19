{{ lateness_recounted('origin_lateness_tiles', ['origin'], 15) }}
