import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { encodeManifest } from "../src/domain/iceberg/manifest.ts";
import { encodeManifestList, type ManifestFile } from "../src/domain/iceberg/manifest-list.ts";
import type { IcebergSchema } from "../src/domain/iceberg/schema.ts";
import type { CatalogEntry } from "../src/index.ts";
import { createManifestCache } from "../src/manifest-cache.ts";
import { planStatement } from "../src/planner.ts";

// `FOLDER FILES`: what it takes to plan a filtered scan of a table of so many files, for the benchmark. The table has ten
// columns, is partitioned by day into a hundred days, and has its metadata alone: planning opens no data file.

const DAYS = 100;
const FILES_PER_MANIFEST = 1_000;
const ROWS_PER_FILE = 1_000;
const WARM_RUNS = 20;
const FIRST_DAY = 19_723;

const schema: IcebergSchema = {
  type: "struct",
  "schema-id": 0,
  fields: [
    ...["ts", "at", "seen"].map((name, index) => ({ id: index + 1, name, required: false, type: "timestamp" })),
    ...["id", "customer", "items"].map((name, index) => ({ id: index + 4, name, required: false, type: "long" })),
    ...["amount", "price"].map((name, index) => ({ id: index + 7, name, required: false, type: "double" })),
    ...["country", "device"].map((name, index) => ({ id: index + 9, name, required: false, type: "string" })),
  ],
};
const spec = {
  "spec-id": 0,
  fields: [{ "source-id": 1, "field-id": 1_000, name: "ts_day", transform: "day" }],
};

const [folder = "", count = "0"] = process.argv.slice(2);
const files = Number(count);
const metadataPath = join(folder, `${files}.metadata.json`);
if (!existsSync(metadataPath)) await writeTable();
else console.log(JSON.stringify(await measure()));

/** The least and most of a column in the n-th file: ids ascend, everything else is anything. */
function boundOf(id: number, file: number, side: 0 | 1): Buffer {
  const bytes = Buffer.alloc(8);
  const micros = BigInt(FIRST_DAY + Math.floor((file * DAYS) / files)) * 86_400_000_000n;
  if (id <= 3) bytes.writeBigInt64LE(micros + BigInt(side) * 86_399_999_999n);
  else if (id === 4) bytes.writeBigInt64LE(BigInt(file * ROWS_PER_FILE + side * (ROWS_PER_FILE - 1)));
  else if (id <= 6) bytes.writeBigInt64LE(BigInt(side * 1_000_000));
  else if (id <= 8) bytes.writeDoubleLE(side * 1_000);
  else return Buffer.from(side === 0 ? "Afghanistan" : "Zimbabwe");
  return bytes;
}

function fileAt(file: number) {
  const each = (value: number) => schema.fields.map(({ id }) => ({ key: id, value }));
  const bounds = (side: 0 | 1) => schema.fields.map(({ id }) => ({ key: id, value: boundOf(id, file, side) }));
  return {
    status: 1,
    snapshot_id: 1,
    sequence_number: null,
    file_sequence_number: null,
    data_file: {
      content: 0,
      file_path: `${folder}/data/ts_day=${Math.floor((file * DAYS) / files)}/00000-${file}-7c6a9f52-2a4a-4f7e-9d0c-0001.parquet`,
      file_format: "PARQUET",
      partition: { ts_day: FIRST_DAY + Math.floor((file * DAYS) / files) },
      record_count: ROWS_PER_FILE,
      file_size_in_bytes: 100_000,
      column_sizes: each(9_000),
      value_counts: each(ROWS_PER_FILE),
      null_value_counts: each(0),
      lower_bounds: bounds(0),
      upper_bounds: bounds(1),
      sort_order_id: 0,
    },
  };
}

async function writeTable(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifests: ManifestFile[] = [];
  for (let start = 0; start < files; start += FILES_PER_MANIFEST) {
    const entries = Array.from({ length: Math.min(FILES_PER_MANIFEST, files - start) }, (_, at) => fileAt(start + at));
    const path = join(folder, `${files}-${start}.avro`);
    const bytes = encodeManifest(entries, { schema, schemas: [schema], spec, content: "data" });
    await writeFile(path, bytes);
    const days = [0, entries.length - 1].map((at) => {
      const day = Buffer.alloc(4);
      day.writeInt32LE(FIRST_DAY + Math.floor(((start + at) * DAYS) / files));
      return day;
    });
    manifests.push({
      manifest_path: path,
      manifest_length: bytes.length,
      partition_spec_id: 0,
      content: 0,
      sequence_number: 1,
      min_sequence_number: 1,
      added_snapshot_id: 1,
      added_files_count: entries.length,
      existing_files_count: 0,
      deleted_files_count: 0,
      added_rows_count: entries.length * ROWS_PER_FILE,
      existing_rows_count: 0,
      deleted_rows_count: 0,
      partitions: [
        { contains_null: false, contains_nan: false, lower_bound: days[0] ?? null, upper_bound: days[1] ?? null },
      ],
    });
  }
  const list = join(folder, `${files}.list.avro`);
  await writeFile(list, encodeManifestList(manifests, { snapshotId: 1, parentId: undefined, sequenceNumber: 1 }));
  const metadata = {
    "format-version": 2,
    "table-uuid": "5f0c2f0e-7a1b-4b3a-9a55-8d2b8c1f7e10",
    location: folder,
    "last-sequence-number": 1,
    "last-updated-ms": 1,
    "last-column-id": 10,
    "current-schema-id": 0,
    schemas: [schema],
    "default-spec-id": 0,
    "partition-specs": [spec],
    "last-partition-id": 1_000,
    "default-sort-order-id": 0,
    "sort-orders": [{ "order-id": 0, fields: [] }],
    properties: {},
    "current-snapshot-id": 1,
    refs: { main: { "snapshot-id": 1, type: "branch" } },
    snapshots: [
      {
        "snapshot-id": 1,
        "sequence-number": 1,
        "timestamp-ms": 1,
        "manifest-list": list,
        "schema-id": 0,
        summary: { operation: "append" },
      },
    ],
    "snapshot-log": [],
    "metadata-log": [],
  };
  await writeFile(metadataPath, JSON.stringify(metadata));
}

/** In milliseconds: by what no partition says, all manifests are read; the second time they are in memory. */
async function measure() {
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 256,
    threads: 1,
    logger: silentLogger,
  });
  const store = openLocalObjectStore({ root: folder });
  const entry: CatalogEntry = {
    name: "events",
    kind: "table",
    metadataLocation: metadataPath,
    sql: null,
    columns: [],
    snapshotId: "1",
    rowCount: null,
    bytes: null,
    fileCount: files,
    properties: {},
    updatedAtMs: 0,
  };
  const catalog = { get: () => Promise.resolve(entry), list: () => Promise.resolve([entry]) };
  const ports = { store, catalog, engine, cache: createManifestCache(store) };
  const first = Math.floor(files / 2) * ROWS_PER_FILE;
  const byBounds = `select count(*) from events where id between ${first} and ${first + 4_999}`;
  const byDay = "select sum(amount) from events where ts >= date '2024-02-01' and ts < date '2024-02-02'";
  const plan = async (sql: string) => {
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    const { scans } = await planStatement(ports, { sql, travels: [], parameters: undefined });
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - startedMs, cpuMs: (user + system) / 1_000, files: scans[0]?.files ?? -1 };
  };
  // The engine is there already.
  await engine.parse("select 1");
  const cold = await plan(byBounds);
  const again = async (sql: string) => {
    const runs: Awaited<ReturnType<typeof plan>>[] = [];
    for (let run = 0; run < WARM_RUNS; run += 1) runs.push(await plan(sql));
    return runs.toSorted((one, other) => one.ms - other.ms)[WARM_RUNS >> 1];
  };
  const warm = await again(byBounds);
  const day = await again(byDay);
  await engine.close();
  return { cold, warm, day, peakMb: process.resourceUsage().maxRSS / 1_024 };
}
