import { defineErrors } from "@millwright/kernel";

export const lakehouseErrors = defineErrors("lakehouse", {
  "lakehouse/sql-error": {
    status: 422,
    title: "The SQL could not be run",
    remedy:
      "Correct the named part of the statement; `mill table list` shows the tables and `mill table show NAME` their columns.",
    example: 'mill sql "select count(*) from departures"',
  },
  "lakehouse/unsupported-statement": {
    status: 422,
    title: "This statement is not supported",
    remedy:
      "Write it as one INSERT INTO, DELETE FROM, UPDATE, MERGE INTO, CREATE TABLE or ALTER TABLE of a table of the lake, or as one query: docs/how-to/change-rows.md.",
    example: "mill sql \"delete from lab.orders where day < date '2026-01-01'\"",
  },
  "lakehouse/wrong-parameters": {
    status: 422,
    exit: 2,
    title: "The values do not fit the statement's parameters",
    remedy:
      "Give each parameter one value: by place for $1 and ?, by name for $name. A value of another type than its text is told with its type.",
    example: 'mill sql "select * from departures where origin = $1" --param ORD',
  },
  "lakehouse/engine-cannot": {
    status: 422,
    title: "The SQL engine of this project cannot do this",
    remedy: "Ask in another way: without parameters, or in another format. What an engine can do is its own.",
  },
  "lakehouse/query-cancelled": {
    status: 499,
    title: "The statement was cancelled",
    remedy: "Nothing is to be mended: no table was changed. Ask again if it was not meant.",
  },
  "lakehouse/query-timeout": {
    status: 422,
    title: "The statement took longer than it may",
    remedy:
      "Narrow it, or give it longer: `--timeout SECONDS` up to the project's limit, `limits.queryTimeoutMs` in millwright.ts beyond. No table was changed.",
    example: 'mill sql --timeout 600 "select count(*) from departures"',
  },
  "lakehouse/query-exists": {
    status: 409,
    title: "A statement of this id is under way",
    remedy: "Choose another id, or none: each statement is given one of its own.",
  },
  "lakehouse/unknown-query": {
    status: 404,
    title: "No statement of this id is under way",
    remedy: "`mill sql --running` shows those there are; what has ended needs no cancelling.",
  },
  "lakehouse/limit-too-high": {
    status: 422,
    exit: 2,
    title: "The project's limits are lower than what was asked for",
    remedy:
      "Ask for less, or raise the limit in millwright.ts: `limits: { queryTimeoutMs, queryRows, queryMemoryMb, queryThreads }`.",
  },
  "lakehouse/too-many-rows": {
    status: 422,
    title: "The result has more rows than it may have",
    remedy: "Ask for fewer (LIMIT, a condition, --limit), or raise `limits.queryRows` in millwright.ts.",
  },
  "lakehouse/merge-cardinality": {
    status: 422,
    title: "One row of the table is changed by more than one row of the source",
    remedy: "Make the source have at most one row for each row of the table: group it, or take the latest of each key.",
  },
  "lakehouse/road-table": {
    status: 409,
    title: "The road makes this table, and would undo the change",
    remedy:
      "Change the model or the source that makes it. To change it all the same: `mill sql \"alter table NAME set tblproperties ('millwright.sql-writes' = 'true')\"`.",
  },
  "lakehouse/shared-files": {
    status: 422,
    title: "The table's files may be those of others, too",
    remedy:
      "If no other catalog has a table of these files: ALTER TABLE … SET TBLPROPERTIES ('gc.enabled' = 'true'), then try again.",
  },
  "lakehouse/shared-location": {
    status: 422,
    title: "The table has no folder of its own",
    remedy:
      "Make the table anew in a folder of its own and copy its rows: CREATE TABLE … AS SELECT. Compaction and expiry work where it is.",
  },
  "lakehouse/unsupported-table": {
    status: 422,
    title: "Tables of this kind are not written by SQL statements",
    remedy: "Write it with the client that made it; it can be read here.",
  },
  "lakehouse/engine-died": {
    status: 503,
    title: "The SQL engine's process ended while it worked on this",
    remedy:
      "Run it again: the engine starts anew. If it dies again, give it more memory (`limits.engineMemoryMb`) or ask for less at once.",
  },
  "lakehouse/engine-memory": {
    status: 507,
    title: "The SQL engine ran out of the memory it may use",
    remedy:
      "Ask for less at once, or raise what was too little: `--memory MB` of the statement, `limits.queryMemoryMb` or `limits.engineMemoryMb` in millwright.ts.",
  },
  "lakehouse/disk-full": {
    status: 507,
    title: "There is no room left on the disk",
    remedy: "Make room and run it again: nothing that was stored is lost, and the table is as it was before.",
  },
  "lakehouse/unreadable-file": {
    status: 422,
    title: "A data file could not be read",
    remedy: "Bring the file again from where it came: it is cut off or not of the format that its name says.",
    example: "data/flights.parquet: No magic bytes found at end of file",
  },
  "lakehouse/unsupported-type": {
    status: 422,
    title: "A column has a type that tables do not hold",
    remedy: "Cast the column to a plain type in the SELECT, for instance `to_json(x)::varchar`.",
    example: "column tags: VARCHAR[]",
  },
  "lakehouse/invalid-name": {
    status: 400,
    exit: 2,
    title: "This is not a name for a table",
    remedy: "Use up to 128 letters, digits and underscores, beginning with a letter or an underscore.",
    example: "origin_hourly",
  },
  "lakehouse/unknown-table": {
    status: 404,
    title: "There is no such table or view",
    remedy: "`mill table list` shows those there are; one that a run makes is there after `mill run`.",
    example: "mill table show departures",
  },
  "lakehouse/schema-changed": {
    status: 409,
    title: "The rows to add do not have the table's columns",
    remedy: "Build the table anew: `mill run --select NAME --force` (an incremental model: with a full refresh).",
  },
  "lakehouse/damaged-file": {
    status: 500,
    title: "A file of the lake is not as it was written",
    remedy:
      "Bring it from a backup, or have its table made anew: `mill run --select NAME --force`. `mill doctor --verify` tells of every such file; more than one speaks for a failing disk.",
    example: "main/departures/metadata/00003-….metadata.json is not as it was written",
  },
  "lakehouse/damaged-manifest": {
    status: 500,
    title: "A manifest of a table, or a list of its manifests, is not as it was written",
    remedy:
      "Bring it from a backup, or have its table made anew: `mill run --select NAME --force`. Other tables, and earlier snapshots that do not lead to it, can be asked as ever.",
    example: "main/departures/metadata/…-m0.avro is not as it was written",
  },
  "lakehouse/damaged-metadata": {
    status: 500,
    title: "A table's metadata file is not as it was written",
    remedy:
      "Bring it from a backup, or have its table made anew: `mill run --select NAME --force`. Other tables can be asked as ever.",
    example: "main/departures/metadata/00003-….metadata.json is not as it was written",
  },
  "lakehouse/missing-file": {
    status: 500,
    title: "A file that a table leads to is missing",
    remedy:
      "Bring it from a backup, roll the table back to a snapshot that does not lead to it (`mill table rollback NAME SNAPSHOT`), or have the table made anew: `mill run --select NAME --force`.",
    example: "main/departures/data/….parquet is missing",
  },
  "lakehouse/unfit-file": {
    status: 422,
    title: "A data file does not have the columns of its table",
    remedy:
      "Roll the table back to a snapshot from before the file was added (`mill table history NAME`, `mill table rollback NAME SNAPSHOT`), and have whoever added it write it by the table's schema.",
    example:
      "main/departures/data/….parquet does not fit its table: its column delay is VARCHAR, and the table's is INTEGER",
  },
  "lakehouse/unknown-snapshot": {
    status: 404,
    title: "The table has no such snapshot",
    remedy: "`mill table history NAME` shows the snapshots that there are.",
    example: "mill table history departures",
  },
  "lakehouse/unknown-column": {
    status: 404,
    title: "The table has no such column",
    remedy: "`mill table show NAME` shows the columns that there are.",
    example: "mill table show departures",
  },
  "lakehouse/unknown-branch": {
    status: 404,
    title: "There is no such branch",
    remedy: "`mill table branches` lists those there are; `mill run --branch NAME` makes one.",
    example: "mill table branches",
  },
  "lakehouse/branch-exists": {
    status: 409,
    title: "There is such a branch already",
    remedy: "Choose another name, or drop it first: `mill table drop-branch NAME`.",
  },
  "lakehouse/branch-conflict": {
    status: 409,
    title: "Main has changed a table that the branch has changed too",
    remedy:
      "Nothing was published. Drop the branch, make it anew from main as it now is, and run it again: `mill table drop-branch NAME`, `mill run --branch NAME`.",
  },
  "lakehouse/mirror-refused": {
    status: 422,
    title: "The table holds what the format of its mirror cannot",
    remedy:
      "The table itself is as it was, and so is what was mirrored before. Take away what is named, or write the table's files anew (a full `mill run --select NAME --force`), and mirror again.",
    example: "orders as hudi: the column id was renamed, and Hudi finds columns by their name",
  },
  "lakehouse/unknown-mirror": {
    status: 404,
    title: "The table has no such mirror",
    remedy: "`mill table mirrors` lists those there are; `mill table mirror NAME --as delta` begins one.",
    example: "mill table mirrors",
  },
  "lakehouse/unreadable-delta": {
    status: 422,
    title: "A Delta table cannot be read here",
    remedy:
      "Bring the table in a form that its name says is read: docs/concepts/source.md names the features of Delta that are known.",
    example: "data/orders: it needs the features v2Checkpoint",
  },
  "lakehouse/damaged-delta-log": {
    status: 422,
    title: "A Delta table's log cannot be read",
    remedy:
      "Bring the table again from where it came; of a mirror: `mill table mirror NAME --as delta --drop`, then mirror it again.",
    example: "the Delta log cannot be read: version 3 is missing",
  },
  "lakehouse/format-not-written": {
    status: 422,
    title: "The table is of a version of Iceberg's format that is read and not written",
    remedy: "Let the engine that writes the table take care of it; queries, tags and expiry work here as ever.",
  },
  "lakehouse/not-cherry-picked": {
    status: 409,
    title: "The snapshot cannot be put upon another state",
    remedy: "Only a snapshot that adds rows, and is not part of the table yet, can. Run its statement again instead.",
  },
  "lakehouse/not-an-ancestor": {
    status: 409,
    title: "The branch has gone its own way",
    remedy:
      "A branch moves forward only to what came after its own state. `mill table history NAME` shows what follows what.",
  },
  "lakehouse/insecure-catalog": {
    status: 400,
    exit: 2,
    title: "The other catalog's URL is not one that a secret may be sent to",
    remedy:
      "Give `icebergRest` an https:// URL without a user in it; credentials go into `credential` or `token`. Where the network between is trusted: `allowHttp: true`.",
    example:
      'icebergRest({ url: "https://catalog.example.org", credential: env("CATALOG_CREDENTIAL"), locations: [] })',
  },
  "lakehouse/catalog-unreachable": {
    status: 503,
    title: "The other catalog does not answer",
    remedy: "See that it runs and that `url` of `icebergRest` in millwright.ts leads to it; nothing was changed.",
  },
  "lakehouse/catalog-not-authorized": {
    status: 502,
    exit: 4,
    title: "The other catalog does not let this project in",
    remedy:
      "Set the variable that `credential` of `icebergRest` names to `ID:SECRET`, or the one of `token` to a token that is good; then see what the catalog grants it.",
  },
  "lakehouse/catalog-refused": {
    status: 502,
    title: "The other catalog refused",
    remedy: "Its own words say why. Nothing was changed.",
    example: "404 NoSuchWarehouseException Warehouse does not exist: lab",
  },
  "lakehouse/catalog-lacks": {
    status: 501,
    title: "The other catalog does not do this",
    remedy: "Use a catalog that does, or do without: docs/how-to/other-catalogs.md says what needs what.",
    example: "views: the catalog lists no address for them",
  },
  "lakehouse/commit-unknown": {
    status: 503,
    title: "Whether the other catalog made the commit is not known",
    remedy:
      "No file was deleted. `mill table history NAME` tells whether the snapshot is there; if it is not, run it again.",
  },
  "lakehouse/branches-elsewhere": {
    status: 422,
    exit: 2,
    title: "A project's branches need its own catalog",
    remedy:
      "Leave `engines.catalog` away for work on branches, or use the tables' own branches and tags: `mill table tag NAME`, `VERSION AS OF`.",
  },
  "lakehouse/outside-store": {
    status: 422,
    title: "A file lies outside the folders of the lake",
    remedy: "Name its folder in `locations` of `icebergCatalog({…})` or `icebergRest({…})` in millwright.ts.",
    example: "file:///data/other/00001.metadata.json leaves the store",
  },
  "lakehouse/commit-conflict": {
    status: 409,
    title: "Another writer changed the table meanwhile",
    remedy: "Run it again: it reads the table as it is now.",
  },
});
