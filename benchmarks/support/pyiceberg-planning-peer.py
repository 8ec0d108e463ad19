"""What pyiceberg takes to plan a filtered scan of a table: METADATA FIRST-ID."""

import json
import resource
import sys
import time

from pyiceberg.table import StaticTable

path, first = sys.argv[1], int(sys.argv[2])


def plan():
    wall, processor = time.perf_counter(), time.process_time()
    scan = StaticTable.from_metadata(path).scan(row_filter=f"id >= {first} and id <= {first + 4999}")
    files = len(list(scan.plan_files()))
    return {
        "ms": (time.perf_counter() - wall) * 1000,
        "cpuMs": (time.process_time() - processor) * 1000,
        "files": files,
    }


cold, warm = plan(), plan()
print(json.dumps({"cold": cold, "warm": warm, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
