"""pyiceberg in nested namespaces of the catalog of `mill up`: python nested_namespaces.py URL. Ends silently when all holds."""

import sys

import pyarrow as pa
import requests
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)

url = sys.argv[1]
catalog = load_catalog("mill", type="rest", uri=url)


def refused(error, ask):
    try:
        ask()
    except error:
        return
    raise AssertionError(f"{error.__name__} was not raised")


deep = ("lab", "daily", "by.hour")
catalog.create_namespace(deep, {"owner": "lab"})
assert catalog.load_namespace_properties(deep) == {"owner": "lab"}
assert ("lab",) in catalog.list_namespaces()
assert catalog.list_namespaces(("lab",)) == [("lab", "daily")]
assert catalog.list_namespaces(("lab", "daily")) == [deep]
assert catalog.list_namespaces(deep) == []
refused(NamespaceAlreadyExistsError, lambda: catalog.create_namespace(deep))
refused(NoSuchNamespaceError, lambda: catalog.list_namespaces(("never",)))
refused(NoSuchNamespaceError, lambda: catalog.load_namespace_properties(("lab", "never")))

rows = pa.table({"id": pa.array([1, 2, 3], pa.int64())})
orders = (*deep, "orders")
table = catalog.create_table(orders, rows.schema)
table.append(rows)
assert catalog.load_table(orders).scan(row_filter="id > 1").to_arrow()["id"].to_pylist() == [2, 3]
assert catalog.list_tables(deep) == [orders]
assert catalog.list_tables(("lab", "daily")) == []
refused(TableAlreadyExistsError, lambda: catalog.create_table(orders, rows.schema))
refused(NamespaceNotEmptyError, lambda: catalog.drop_namespace(deep))
refused(NamespaceNotEmptyError, lambda: catalog.drop_namespace(("lab", "daily")))

catalog.update_namespace_properties(deep, removals={"owner"}, updates={"team": "x"})
assert catalog.load_namespace_properties(deep) == {"team": "x"}

moved = ("lab", "daily", "kept")
catalog.rename_table(orders, moved)
refused(NoSuchTableError, lambda: catalog.load_table(orders))
assert catalog.load_table(moved).scan().count() == 3
catalog.drop_namespace(deep)
refused(NoSuchNamespaceError, lambda: catalog.drop_namespace(deep))

view = {
    "name": "large",
    "schema": {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}]},
    "view-version": {
        "version-id": 1,
        "timestamp-ms": 1,
        "schema-id": 0,
        "summary": {},
        "representations": [{"type": "sql", "sql": "select 1 as id", "dialect": "spark"}],
        "default-namespace": ["lab", "daily"],
    },
    "properties": {},
}
assert requests.post(f"{url}/v1/namespaces/lab%1Fdaily/views", json=view).status_code == 200
assert catalog.list_views(("lab", "daily")) == [("lab", "daily", "large")]
assert catalog.view_exists(("lab", "daily", "large"))
catalog.drop_view(("lab", "daily", "large"))
assert not catalog.view_exists(("lab", "daily", "large"))

# The protocol's own words: status, type and code, in the body too.
for path, status, kind in [
    ("namespaces/never/tables", 404, "NoSuchNamespaceException"),
    ("namespaces/never", 404, "NoSuchNamespaceException"),
    ("namespaces/lab/tables/never", 404, "NoSuchTableException"),
    ("namespaces/lab/views/never", 404, "NoSuchViewException"),
    ("namespaces?parent=never", 404, "NoSuchNamespaceException"),
]:
    answer = requests.get(f"{url}/v1/{path}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, status, kind), (path, answer.text)
    assert error["message"]
bad = requests.post(f"{url}/v1/namespaces", data="{", headers={"content-type": "application/json"})
assert (bad.status_code, bad.json()["error"]["code"]) == (400, 400), bad.text

catalog.drop_table(moved)
catalog.drop_namespace(("lab", "daily"))
catalog.drop_namespace(("lab",))
assert ("lab",) not in catalog.list_namespaces()
