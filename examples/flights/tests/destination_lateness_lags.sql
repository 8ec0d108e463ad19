{{ lateness_recounted('destination_lateness_tiles', ['destination'], 15) }}
