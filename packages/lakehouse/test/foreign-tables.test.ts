import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeOrphans } from "../src/care/remove-orphans.ts";
import { manifestSchemaOf } from "../src/domain/iceberg/avro-schemas.ts";
import { encodeAvroFile } from "../src/domain/iceberg/avro-file.ts";
import { printExactJson } from "../src/domain/iceberg/exact-json.ts";
import { encodeManifestList } from "../src/domain/iceberg/manifest-list.ts";
import { currentSnapshot, type IcebergMetadata } from "../src/domain/iceberg/metadata.ts";
import { parseMetadata } from "../src/domain/iceberg/read-metadata.ts";
import { registerTable } from "../src/rest/tables.ts";
import { manifestsOf, readEntries } from "../src/table-files.ts";
import { openLake, type TestLake } from "./support/lake.ts";

// Tables as writers of the format's first and third version leave them, hand-made from the specification.

let lake: TestLake;
beforeAll(async () => {
  lake = await openLake();
  await lake.lakehouse.execute("create table made (id bigint, item varchar)");
  await lake.lakehouse.execute("insert into made values (0, 'a'), (1, 'b'), (2, 'c'), (3, 'd'), (4, 'e')");
});
afterAll(() => lake.close());

const rows = async (sql: string) => (await lake.lakehouse.query(sql)).rows;

/** The table that the tests begin with, as it is. */
async function made(): Promise<IcebergMetadata> {
  const entry = await lake.ports.catalog.get("made");
  const metadata = parseMetadata(await lake.ports.store.read(entry?.metadataLocation ?? ""));
  if (metadata === undefined) throw new Error("there is no table");
  return metadata;
}

let files = 0;

async function put(name: string, bytes: Uint8Array): Promise<string> {
  const path = `foreign/${(files += 1)}-${name}`;
  await lake.ports.store.write(path, bytes);
  return lake.ports.store.locate(path);
}

async function register(name: string, metadata: object): Promise<void> {
  const metadataLocation = await put("v.metadata.json", Buffer.from(printExactJson(metadata)));
  await registerTable(lake.world, { identifier: { namespace: ["main"], name }, metadataLocation, overwrite: false });
}

describe("the first version", () => {
  test("files that a snapshot without a list leads to are not taken for nobody's", async () => {
    await lake.lakehouse.execute("create table kept as select range as id from range(7)");
    const entry = await lake.ports.catalog.get("kept");
    const metadata = parseMetadata(await lake.ports.store.read(entry?.metadataLocation ?? ""));
    if (metadata === undefined) throw new Error("there is no table");
    const manifests = (await manifestsOf(lake.ports.store, metadata)).map((one) => one.manifest_path);
    const snapshots = metadata.snapshots.map(({ "manifest-list": _list, ...one }) => ({ ...one, manifests }));
    await register("unlisted", { ...metadata, "format-version": 1, snapshots });
    await lake.ports.catalog.remove("kept");
    const removed = await removeOrphans(lake.world, "unlisted", { olderThanMs: -60_000, isDryRun: false });
    // What led to them before: its metadata, and the list.
    expect(removed.paths.filter((path) => !/\.metadata\.json$|\/snap-[^/]*$/.test(path))).toEqual([]);
    expect(await rows("select count(*), sum(id) from unlisted")).toEqual([[7, 21]]);
  });

  test("without an id, a list of schemas or of specs, and a snapshot that names its manifests itself", async () => {
    const metadata = await made();
    const manifests = await manifestsOf(lake.ports.store, metadata);
    const [schema] = metadata.schemas;
    const snapshot = currentSnapshot(metadata);
    const { "manifest-list": _list, "sequence-number": _sequence, "schema-id": _schema, ...kept } = snapshot ?? {};
    await register("first", {
      "format-version": 1,
      location: metadata.location,
      "last-updated-ms": metadata["last-updated-ms"],
      "last-column-id": 2,
      schema: { type: "struct", fields: schema?.fields },
      "partition-spec": [],
      properties: {},
      "current-snapshot-id": snapshot?.["snapshot-id"],
      snapshots: [{ ...kept, manifests: manifests.map((one) => one.manifest_path) }],
    });
    expect(await rows("select id, item from first where id > 2 order by id")).toEqual([
      [3, "d"],
      [4, "e"],
    ]);
    expect(await rows("select count(*) from first")).toEqual([[5]]);
    await expect(lake.lakehouse.execute("delete from first where id = 1")).rejects.toMatchObject({
      code: "lakehouse/unsupported-table",
    });
  });
});

describe("the third version", () => {
  test("rows from before a column have its initial default, of each type, also within a column", async () => {
    const metadata = await made();
    const [schema] = metadata.schemas;
    const added = [
      { id: 3, name: "n", type: "int", "initial-default": 42, "write-default": 7 },
      { id: 4, name: "price", type: "decimal(9, 2)", "initial-default": "1.25" },
      { id: 5, name: "day", type: "date", "initial-default": "2026-01-31" },
      { id: 6, name: "seen", type: "timestamptz", "initial-default": "2026-01-31T12:00:00.000001+00:00" },
      { id: 7, name: "is_new", type: "boolean", "initial-default": false },
      { id: 8, name: "raw", type: "binary", "initial-default": "00ff7A" },
      { id: 9, name: "text", type: "string", "initial-default": "it's \\x41" },
      { id: 10, name: "none", type: "string" },
    ].map((field) => ({ required: false, ...field }));
    const next = { ...schema, "schema-id": 1, fields: [...(schema?.fields ?? []), ...added] };
    const third = { ...metadata, "format-version": 3, "next-row-id": 5, "last-column-id": 10, "current-schema-id": 1 };
    await register("third", { ...third, schemas: [...metadata.schemas, next] });
    const found = await rows(
      "select n, price, day, epoch_us(seen), is_new, hex(raw), text, none from third where id = 1 and n = 42",
    );
    expect(found).toEqual([[42, "1.25", "2026-01-31", 1_769_860_800_000_001, false, "00FF7A", "it's \\x41", null]]);
    // Where a column was ever of another type, columns are found in another way.
    const retyped = {
      ...next,
      "schema-id": 2,
      fields: next.fields.map((one) => (one.id === 3 ? { ...one, type: "long" } : one)),
    };
    const wider = { ...third, "current-schema-id": 2, schemas: [...metadata.schemas, next, retyped] };
    await register("third_wider", wider);
    expect(await rows("select n, price, hex(raw) from third_wider where id = 1")).toEqual([[42, "1.25", "00FF7A"]]);
  });

  test("a deletion vector takes rows away, and what position deletes said before it stands in it", async () => {
    await register("vectors", await withVector(await made(), { deleted: [1, 3], rows: 2 }));
    expect(await rows("select id from vectors order by id")).toEqual([[0], [2], [4]]);
    expect(await rows("select count(*) from vectors where item > 'b'")).toEqual([[2]]);
  });

  test.each([
    ["cut", { deleted: [1], rows: 1, cut: 3 }, "is cut off"],
    ["flipped", { deleted: [1], rows: 1, flip: true }, "is not as it was written"],
    ["counted", { deleted: [1], rows: 2 }, "has 1 rows, not 2"],
  ])("a deletion vector that is damaged is never believed: %s", async (name, vector, because) => {
    await register(`vector_${name}`, await withVector(await made(), vector));
    await expect(rows(`select id from vector_${name}`)).rejects.toThrow(because);
  });

  test.each(["variant", "geometry", "geography"])("a column of the type %s is refused by its name", async (type) => {
    const metadata = await made();
    const [schema] = metadata.schemas;
    const fields = [...(schema?.fields ?? []), { id: 3, name: "shape", required: false, type }];
    const next = { ...schema, "schema-id": 1, fields };
    await register(`typed_${type}`, {
      ...metadata,
      "format-version": 3,
      "next-row-id": 5,
      "current-schema-id": 1,
      schemas: [...metadata.schemas, next],
    });
    await expect(rows(`select * from typed_${type}`)).rejects.toThrow(new RegExp(`column shape: ${type}`));
  });
});

test.each([
  ["orc", { file_format: "ORC" }, "is of the format ORC"],
  ["avro", { file_format: "AVRO" }, "is of the format AVRO"],
  ["encrypted", { key_metadata: Buffer.from("key") }, "is encrypted"],
])("a data file that is not read is named: %s", async (name, change, because) => {
  const metadata = await made();
  const [manifest] = await manifestsOf(lake.ports.store, metadata);
  if (manifest === undefined) throw new Error("there is no manifest");
  const entries = await readEntries(lake.ports.store, manifest);
  const changed = entries.map((entry) => ({ ...entry, data_file: { ...entry.data_file, ...change } }));
  await register(`format_${name}`, await withManifest(metadata, changed, { content: 0, keeps: false }));
  await expect(rows(`select * from format_${name}`)).rejects.toThrow(because);
  await expect(rows(`select * from format_${name}`)).rejects.toThrow(/\.parquet/);
});

interface Vector {
  readonly deleted: readonly number[];
  /** As the manifest counts them. */
  readonly rows: number;
  readonly cut?: number;
  readonly flip?: boolean;
}

/** One more snapshot whose deletes are a vector in a Puffin file, behind other bytes. */
async function withVector(metadata: IcebergMetadata, vector: Vector): Promise<object> {
  const [manifest] = await manifestsOf(lake.ports.store, metadata);
  if (manifest === undefined) throw new Error("there is no manifest");
  const [entry] = await readEntries(lake.ports.store, manifest);
  const blob = blobOf(vector.deleted);
  if (vector.flip === true) blob.writeUInt8(blob.readUInt8(blob.length - 6) ^ 1, blob.length - 6);
  const file = Buffer.concat([Buffer.from("PFA1"), blob.subarray(0, blob.length - (vector.cut ?? 0))]);
  const path = await put("vector.puffin", file);
  const deletes = {
    ...entry?.data_file,
    content: 1,
    file_path: path,
    file_format: "PUFFIN",
    record_count: vector.rows,
    file_size_in_bytes: file.length,
    lower_bounds: null,
    upper_bounds: null,
    referenced_data_file: entry?.data_file.file_path,
    content_offset: 4,
    content_size_in_bytes: blob.length,
  };
  const added = [{ status: 1, snapshot_id: 77, sequence_number: null, file_sequence_number: null, data_file: deletes }];
  return withManifest({ ...metadata, "format-version": 3, "next-row-id": 5 }, added, { content: 1, keeps: true });
}

/** `deletion-vector-v1`: its length, a magic number, a 64-bit Roaring bitmap of one array, a CRC-32. */
function blobOf(deleted: readonly number[]): Buffer {
  const bitmap = Buffer.alloc(4 + 8 + 4 + 4 + 4 + 4 + 4 + deleted.length * 2);
  let at = bitmap.writeUInt32BE(0xd1d33964, 0);
  at = bitmap.writeBigUInt64LE(1n, at);
  // The upper half of all its values, then a bitmap of 32 bits: its cookie, one container, whose key and count, and place.
  at = bitmap.writeUInt32LE(0, at);
  at = bitmap.writeUInt32LE(12_346, at);
  at = bitmap.writeUInt32LE(1, at);
  at = bitmap.writeUInt16LE(0, at);
  at = bitmap.writeUInt16LE(deleted.length - 1, at);
  at = bitmap.writeUInt32LE(16, at);
  for (const row of deleted) at = bitmap.writeUInt16LE(row, at);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(bitmap.length);
  checksum.writeUInt32BE(crc32(bitmap));
  return Buffer.concat([length, bitmap, checksum]);
}

/** The table with one more snapshot, of one more manifest, or of that one alone. */
async function withManifest(
  metadata: IcebergMetadata,
  entries: readonly object[],
  { content, keeps }: { readonly content: number; readonly keeps: boolean },
): Promise<object> {
  const before = await manifestsOf(lake.ports.store, metadata);
  const manifest = await put("m0.avro", encodeAvroFile(thirdSchema(), entries, {}));
  const sequenceNumber = metadata["last-sequence-number"] + 1;
  const own = {
    manifest_path: manifest,
    manifest_length: readFileSync(manifest).length,
    partition_spec_id: 0,
    content,
    sequence_number: sequenceNumber,
    min_sequence_number: sequenceNumber,
    added_snapshot_id: 77,
    added_files_count: 1,
    existing_files_count: 0,
    deleted_files_count: 0,
    added_rows_count: 1,
    existing_rows_count: 0,
    deleted_rows_count: 0,
  };
  const list = encodeManifestList(keeps ? [...before, own] : [own], {
    snapshotId: 77,
    parentId: undefined,
    sequenceNumber,
  });
  const snapshot = {
    "snapshot-id": 77,
    "sequence-number": sequenceNumber,
    "timestamp-ms": metadata["last-updated-ms"] + 1,
    "manifest-list": await put("snap.avro", list),
    summary: { operation: "delete" },
    "schema-id": 0,
  };
  return {
    ...metadata,
    "last-sequence-number": sequenceNumber,
    "current-snapshot-id": 77,
    snapshots: [...metadata.snapshots, snapshot],
    refs: { main: { "snapshot-id": 77, type: "branch" } },
  };
}

/** Manifests of the third version have the place of a vector in its file besides. */
function thirdSchema(): object {
  const schema = structuredClone(manifestSchemaOf({ type: "record", name: "r102", fields: [] })) as {
    fields: { name: string; type: { fields: object[] } }[];
  };
  for (const [name, id] of [
    ["content_offset", 144],
    ["content_size_in_bytes", 145],
  ] as const)
    schema.fields.at(-1)?.type.fields.push({ name, type: ["null", "long"], default: null, "field-id": id });
  return schema;
}
