"""Writes Delta tables with deltalake and says, for some of their versions, which rows they have."""

import datetime
import json
import sys
from decimal import Decimal

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

folder = sys.argv[1]
UTC = datetime.timezone.utc


def rows(first, count, **more):
    values = range(first, first + count)
    return pa.table(
        {
            "id": pa.array(values, pa.int64()),
            "country": pa.array([["de", "a b/ü=%", None][one % 3] for one in values]),
            "day": pa.array([datetime.date(2024, 1, 1 + one % 4) for one in values]),
            "price": pa.array([Decimal(one) / 4 for one in values], pa.decimal128(9, 2)),
            "at": pa.array([datetime.datetime(2024, 5, 1, 1, 2, 3, one, UTC) for one in values], pa.timestamp("us", "UTC")),
            "small": pa.array([one % 100 for one in values], pa.int16()),
            "tags": pa.array([["x"] for _ in values]),
            **more,
        }
    )


def told(name, version):
    table = DeltaTable(f"{folder}/{name}", version=version)
    columns = ["id", "country", "day", "price"] + (["extra"] if version >= 5 else [])
    found = table.to_pyarrow_table(columns=columns).sort_by("id").to_pylist()
    plain = [[str(value) if isinstance(value, (datetime.date, Decimal)) else value for value in row.values()] for row in found]
    print(json.dumps({"table": name, "version": version, "rows": plain}), flush=True)


for name, by in (("plain", None), ("parts", ["country", "day"])):
    path = f"{folder}/{name}"
    write_deltalake(path, rows(0, 10), partition_by=by)
    for one in range(1, 4):
        write_deltalake(path, rows(10 * one, 10), mode="append")
    DeltaTable(path).create_checkpoint()
    DeltaTable(path).delete("id >= 12 and id < 15")
    write_deltalake(path, rows(100, 3, extra=pa.array([0.5, None, 2.5])), mode="append", schema_mode="merge")
    DeltaTable(path).update(updates={"price": "1.25"}, predicate="id = 7")
    for version in (0, 3, 4, 6):
        told(name, version)
    DeltaTable(path).create_checkpoint()
write_deltalake(f"{folder}/zoned", rows(0, 2), partition_by=["at"])
