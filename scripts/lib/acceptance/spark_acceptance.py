"""Spark and `mill sql` on one catalog: what either writes, the other reads. Ends with `N passed, N failed`.

MILL_URL is the control process, JARS the Iceberg runtime for Spark.
"""

import json
import os
import sys
import urllib.request

from pyspark.sql import SparkSession

URL = os.environ["MILL_URL"]
CATALOG = "spark.sql.catalog.mill"
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.driver.memory", "1g")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.jars", os.environ["JARS"])
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
    .config(CATALOG, "org.apache.iceberg.spark.SparkCatalog")
    .config(f"{CATALOG}.type", "rest")
    .config(f"{CATALOG}.uri", f"{URL}/iceberg")
    .config(f"{CATALOG}.io-impl", "org.apache.iceberg.hadoop.HadoopFileIO")
    .config(f"{CATALOG}.cache-enabled", "false")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
passed = failed = 0


def ask_spark(sql):
    return [tuple(row) for row in spark.sql(sql).collect()]


def post(path, body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def ask_mill(sql):
    return [tuple(row) for row in post("/api/v1/sql", {"sql": sql})["rows"]]


def case(name, run, expected):
    global passed, failed
    try:
        found = run()
    except Exception as error:  # what a client says is what is to be read
        found = f"{type(error).__name__}: {str(error)[:500]}"
    if found == expected:
        passed += 1
        print(f"passed  {name}", flush=True)
    else:
        failed += 1
        print(f"FAILED  {name}: expected {expected!r}, found {found!r}", flush=True)


def both(name, sql, expected):
    """The same statement of either; `{}` is the catalog's name in Spark."""
    case(f"{name}, read by Spark", lambda: ask_spark(sql.format("mill.", "main.")), expected)
    case(f"{name}, read by mill sql", lambda: ask_mill(sql.format("", "")), expected)


def after(*statements):
    for sql in statements:
        ask_spark(sql)


TABLE = "mill.lab.daily.t"
case(
    "nested namespaces",
    lambda: after("create namespace mill.lab", "create namespace mill.lab.daily") or ask_spark("show namespaces in mill.lab"),
    [("lab.daily",)],
)
case(
    "CREATE TABLE with nested types, hidden partitions",
    lambda: after(
        f"create table {TABLE} (id bigint, v double, d date, s struct<x:int,y:string>, m map<string,int>, l array<int>)"
        " using iceberg partitioned by (days(d), bucket(4, id))"
    ),
    None,
)
case(
    "INSERT",
    lambda: after(
        f"insert into {TABLE} select id, id * 0.5, date_add(date'2026-01-01', cast(id % 3 as int)),"
        " named_struct('x', cast(id as int), 'y', 'n'), map('k', cast(id as int)), array(1, 2) from range(1000)"
    ),
    None,
)
both("rows", "select count(*), sum(v) from {}lab.daily.t", [(1000, 249750.0)])
case(
    "columns added, renamed, widened, also within a struct; partitions and order changed",
    lambda: after(
        f"alter table {TABLE} add column w int",
        f"alter table {TABLE} rename column v to val",
        f"alter table {TABLE} rename column s.x to xx",
        f"alter table {TABLE} add column s.z string",
        f"alter table {TABLE} alter column w type bigint",
        f"alter table {TABLE} drop partition field bucket(4, id)",
        f"alter table {TABLE} write ordered by id",
        f"insert into {TABLE} values (5000, 1.0, date'2026-02-01',"
        " named_struct('xx', 1, 'y', 'q', 'z', 'zz'), map(), array(), 7)",
    ),
    None,
)
both("evolved", "select count(*), sum(val), sum(s.xx), max(w) from {}lab.daily.t", [(1001, 249751.0, 499501, 7)])
case(
    "merge-on-read DELETE, UPDATE, MERGE",
    lambda: after(
        f"alter table {TABLE} set tblproperties ('write.delete.mode'='merge-on-read',"
        " 'write.update.mode'='merge-on-read', 'write.merge.mode'='merge-on-read')",
        f"delete from {TABLE} where id % 10 = 3",
        f"update {TABLE} set val = -1 where id = 20",
        f"merge into {TABLE} a using (select 5L id union all select 7000L) b on a.id = b.id"
        " when matched then update set val = -2 when not matched then insert (id, val) values (b.id, 0)",
    ),
    None,
)
both("changed rows", "select count(*), sum(val), sum(s.xx) from {}lab.daily.t", [(902, 224835.5, 449701)])
case(
    "mill sql deletes of Spark's table",
    lambda: ask_mill("delete from lab.daily.t where id between 100 and 119") and None,
    None,
)
both("what is left", "select count(*), sum(val), sum(s.xx) from {}lab.daily.t", [(884, 223848.5, 447727)])
case(
    "rewrite_data_files",
    lambda: after("call mill.system.rewrite_data_files(table => 'lab.daily.t', options => map('rewrite-all', 'true'))"),
    None,
)
both("after the rewriting", "select count(*), sum(val), sum(s.xx) from {}lab.daily.t", [(884, 223848.5, 447727)])
case(
    "branch, tag, view",
    lambda: after(
        f"alter table {TABLE} create branch audit",
        f"alter table {TABLE} create tag first",
        "create view mill.lab.daily.few as select id, val from mill.lab.daily.t where id < 10",
    )
    or ask_spark("select count(*) from mill.lab.daily.few"),
    [(9,)],
)
for sql in [
    "create table ours (id bigint, d date, name varchar) partitioned by (day(d))"
    " tblproperties ('write.delete.mode'='merge-on-read')",
    "insert into ours select range, date '2026-01-01' + (range % 5)::int, 'n' || range from range(1000)",
    "delete from ours where id % 7 = 0",
    "alter table ours rename column name to label",
    "insert into ours values (2000, date '2026-03-01', 'new')",
]:
    case(f"mill sql: {sql[:40]}", lambda sql=sql: ask_mill(sql) and None, None)
both("our table", "select count(*), count(label), sum(id) from {}{}ours", [(858, 858, 430429)])
case("Spark deletes of our table", lambda: after("delete from mill.main.ours where d = date'2026-01-02'"), None)
both("our table after it", "select count(*) from {}{}ours", [(686,)])
case("compact", lambda: post("/api/v1/tables/ours/compact", {}) and None, None)
both("our table, compacted", "select count(*) from {}{}ours where label = 'n8'", [(1,)])
spark.stop()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
