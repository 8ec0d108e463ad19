"""Appends one row at a time to a table by pyiceberg and its SQLite catalog: FOLDER COMMITS. Answers the milliseconds of each."""

import json
import sys
import time

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

folder, commits = sys.argv[1], int(sys.argv[2])
catalog = SqlCatalog("bench", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/lake")
catalog.create_namespace("main")
rows = pa.table({"id": pa.array([1], pa.int64()), "name": ["name 1"]})
table = catalog.create_table("main.t", schema=rows.schema)
took = []
for _ in range(commits):
    begin = time.perf_counter()
    table.append(rows)
    took.append((time.perf_counter() - begin) * 1000)
print(json.dumps(took))
