"""Writes tables with pyiceberg and reads their mirrors after each commit; each line of the answer is one step."""

import datetime
import json
import sys
from decimal import Decimal

import polars
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaProtocolError
from hudi import HudiTableBuilder
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

uri, lake = sys.argv[1:]
catalog = RestCatalog("mill", uri=uri)
catalog.create_namespace("lab")
UTC = datetime.timezone.utc


def plain(value):
    """As every reader gives it: Hudi takes a time without a zone for one in UTC."""
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, dict):
        return tuple(sorted((key, plain(inner)) for key, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(plain(inner) for inner in value)
    return value


def rows(table):
    return sorted((repr(sorted((name, plain(value)) for name, value in row.items())) for row in table.to_pylist()))


def query_builder(folder):
    found = QueryBuilder().register("t", DeltaTable(folder)).execute("select * from t").read_all()
    return pa.table(found)


def hudi(folder):
    table = HudiTableBuilder.from_base_uri(folder).build()
    batches = [pa.Table.from_batches([batch]) for batch in table.read()]
    return pa.concat_tables(batches) if batches else pa.schema(table.get_schema()).empty_table()


READERS = {
    "delta query": ("delta", query_builder),
    "delta pyarrow": ("delta", lambda folder: DeltaTable(folder).to_pyarrow_table()),
    "delta polars": ("delta", lambda folder: polars.read_delta(folder).to_arrow()),
    "hudi": ("hudi", hudi),
}


before = {}


def step(name, title):
    """Reads the table by each reader of each format, beside what pyiceberg reads."""
    expected = rows(catalog.load_table(f"lab.{name}").scan().to_arrow())
    found = {}
    for reader, (kind, read) in READERS.items():
        try:
            got = rows(read(f"{lake}/mirrors/{kind}/lab.{name}"))
            found[reader] = "equal" if got == expected else f"other rows: {got[:3]} for {expected[:3]}"
            if got == before.get((name, reader)) != expected:
                found[reader] = "stayed behind"
            before[(name, reader)] = got
        except DeltaProtocolError:
            found[reader] = "declined"
        except Exception as error:
            found[reader] = f"{type(error).__name__}: {error}"[:300]
    print(json.dumps({"table": name, "step": title, "rows": len(expected), "readers": found}), flush=True)


def create(name, schema, spec=PartitionSpec(), mirrors="delta,hudi", **properties):
    given = {"millwright.mirrors": mirrors, **properties}
    return catalog.create_table(f"lab.{name}", schema, partition_spec=spec, properties=given)


def evolve(name, spec):
    """A table through all that a table goes through, copy on write."""
    schema = Schema(
        NestedField(1, "id", IntegerType()),
        NestedField(2, "country", StringType()),
        NestedField(3, "day", DateType()),
        NestedField(4, "price", DecimalType(9, 2)),
        NestedField(5, "at", TimestampType()),
        NestedField(6, "note", StringType()),
    )

    def data(first, count, **more):
        values = range(first, first + count)
        columns = {
            "id": pa.array(values, pa.int32()),
            "country": pa.array([["de", "a b/ü=%", None][one % 3] for one in values]),
            "day": pa.array([datetime.date(2024, 1, 1 + one % 4) for one in values]),
            "price": pa.array([Decimal(one) / 4 for one in values], pa.decimal128(9, 2)),
            "at": pa.array([datetime.datetime(2024, 5, 1, 1, 2, 3, one) for one in values], pa.timestamp("us")),
            "note": pa.array([None if one % 5 == 0 else f"note {one}" for one in values]),
        }
        columns.update(more)
        return pa.table({key: value for key, value in columns.items() if value is not None})

    table = create(name, schema, spec)
    step(name, "empty")
    table.append(data(0, 10))
    table.append(data(10, 10))
    step(name, "appends")
    table.overwrite(data(100, 5), overwrite_filter="id < 5")
    step(name, "overwrite")
    table.delete("id >= 12 and id < 15")
    step(name, "delete")
    with table.update_schema() as update:
        update.add_column("extra", DoubleType())
    step(name, "add, before a file has it")
    table.append(data(200, 5, extra=pa.array([0.5 * one for one in range(5)])))
    step(name, "add")
    with table.update_schema() as update:
        update.update_column("id", LongType())
    table.append(data(300, 3, id=pa.array([2**40 + one for one in range(3)]), extra=pa.array([1.0, None, 2.0])))
    step(name, "widen")
    with table.update_schema() as update:
        update.delete_column("note")
    table.append(data(400, 3, id=pa.array([400, 401, 402]), note=None, extra=pa.array([1.0, None, 2.0])))
    step(name, "drop")
    if not spec.fields:
        with table.update_schema() as update:
            update.rename_column("price", "cost")
        step(name, "rename")
        table.overwrite(table.scan().to_arrow())
        step(name, "all written anew")
    table.delete("id >= 0")
    step(name, "nothing left")


def nested():
    schema = Schema(
        NestedField(1, "flag", BooleanType()),
        NestedField(2, "f", FloatType()),
        NestedField(3, "zoned", TimestamptzType()),
        NestedField(4, "bytes", BinaryType()),
        NestedField(5, "point", StructType(NestedField(8, "x", IntegerType()), NestedField(9, "y", StringType()))),
        NestedField(6, "tags", ListType(10, StringType(), element_required=False)),
        NestedField(7, "counts", MapType(11, StringType(), 12, LongType(), value_required=False)),
    )
    table = create("nested", schema)
    given = pa.table(
        {
            "flag": [True, None],
            "f": pa.array([1.5, float("nan")], pa.float32()),
            "zoned": pa.array([datetime.datetime(2024, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "bytes": pa.array([b"\x00\xff", None], pa.binary()),
            "point": pa.array([{"x": 1, "y": "a"}, None], pa.struct([("x", pa.int32()), ("y", pa.string())])),
            "tags": [["a", None], []],
            "counts": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    table.append(given)
    step("nested", "nested types")
    with table.update_schema() as update:
        update.rename_column("point.y", "label")
    step("nested", "rename within a column")


def hidden():
    """Partitioned by what is not a column: readers of the mirrors see a table that is not partitioned."""
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "at", TimestampType()))
    spec = PartitionSpec(
        PartitionField(1, 1000, BucketTransform(4), "id_bucket"), PartitionField(2, 1001, DayTransform(), "at_day")
    )
    table = create("hidden", schema, spec)
    times = [datetime.datetime(2024, 1, 1 + one % 3) for one in range(20)]
    table.append(pa.table({"id": list(range(20)), "at": pa.array(times, pa.timestamp("us"))}))
    step("hidden", "bucket and day")


def many():
    """What the platform itself has written, beyond a checkpoint and the oldest commits."""
    folders = [f"{lake}/mirrors/{kind}/many" for kind in ("delta", "hudi")]
    found = {
        "delta": DeltaTable(folders[0]).version(),
        "query": query_builder(folders[0]).num_rows,
        "polars": polars.read_delta(folders[0]).height,
        "at 10": DeltaTable(folders[0], version=10).to_pyarrow_table().num_rows,
        "hudi": hudi(folders[1]).num_rows,
        "instants": len(HudiTableBuilder.from_base_uri(folders[1]).build().get_timeline().get_completed_commits()),
    }
    print(json.dumps(found), flush=True)


country = PartitionSpec(
    PartitionField(2, 1000, IdentityTransform(), "country"), PartitionField(3, 1001, IdentityTransform(), "day")
)
evolve("plain", PartitionSpec())
evolve("parts", country)
nested()
hidden()
many()
