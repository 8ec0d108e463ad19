import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IdSource } from "@millwright/kernel";
import fc from "fast-check";
import { dataFileOf, type DataFile } from "../../src/domain/iceberg/data-file.ts";
import { encodeManifest } from "../../src/domain/iceberg/manifest.ts";
import { encodeManifestList, type FieldSummary, type ManifestFile } from "../../src/domain/iceberg/manifest-list.ts";
import { columnsOf, type PartitionSpec } from "../../src/domain/iceberg/metadata.ts";
import { typeText, type IcebergSchema } from "../../src/domain/iceberg/schema.ts";
import { bucketOf } from "../../src/domain/planning/bucket.ts";
import { afterPrefix } from "../../src/domain/planning/values.ts";
import type { CatalogEntry, SqlEngine } from "../../src/index.ts";

/** One row: days, microseconds and unscaled decimals as numbers. */
export interface Row {
  readonly i: number | null;
  readonly l: bigint | null;
  readonly d: number | null;
  readonly s: string | null;
  readonly t: number | null;
  readonly ts: number | null;
  readonly b: boolean | null;
  readonly c: number | null;
}

type Name = keyof Row;

const COLUMNS: Readonly<Record<Name, { readonly id: number; readonly type: string; readonly sql: string }>> = {
  i: { id: 1, type: "int", sql: "INTEGER" },
  l: { id: 2, type: "long", sql: "BIGINT" },
  d: { id: 3, type: "double", sql: "DOUBLE" },
  s: { id: 4, type: "string", sql: "VARCHAR" },
  t: { id: 5, type: "date", sql: "DATE" },
  ts: { id: 6, type: "timestamp", sql: "TIMESTAMP" },
  b: { id: 7, type: "boolean", sql: "BOOLEAN" },
  c: { id: 8, type: "decimal(9, 2)", sql: "DECIMAL(9,2)" },
};
const NAMES = Object.keys(COLUMNS) as Name[];
const ID = 9;

export const VALUES = {
  i: [-40, -7, -1, 0, 1, 2, 3, 10, 100, 2_147_483_647, -2_147_483_648],
  l: [-9_223_372_036_854_775_807n, -5n, 0n, 1n, 7n, 9_007_199_254_740_993n, 9_223_372_036_854_775_807n],
  d: [Number.NaN, -Infinity, -2.5, -0, 0, 0.1, 1, 1.5, 3, 1e300, Infinity],
  s: [
    "",
    "a",
    "ab",
    "abc",
    "abcdefghijklmnopqrstuvwxyz",
    "abcdefghijklmnopqrstu",
    "b",
    "Z",
    "é",
    "éa",
    "日本語",
    "😀",
    "😀b",
    "a\u{10ffff}",
    "z",
  ],
  t: [-700_000, -800, -1, 0, 1, 30, 31, 365, 19_723, 19_724, 20_000],
  ts: [
    -86_400_000_001, -86_400_000_000, -1, 0, 1, 3_599_999_999, 3_600_000_000, 86_399_999_999, 86_400_000_000,
    1_704_067_200_000_000, 1_706_745_599_999_999,
  ],
  b: [true, false],
  c: [-99_999, -150, -1, 0, 1, 99, 100, 250, 12_345],
} as const;

const TRANSFORMS: Readonly<Record<Name, readonly string[]>> = {
  i: ["identity", "bucket[3]", "truncate[5]", "void"],
  l: ["identity", "bucket[4]", "truncate[10]"],
  d: ["identity"],
  s: ["identity", "bucket[3]", "truncate[1]", "truncate[3]"],
  t: ["identity", "year", "month", "day", "bucket[3]"],
  ts: ["identity", "year", "month", "day", "hour", "bucket[2]"],
  b: ["identity"],
  c: ["identity", "bucket[3]", "truncate[100]"],
};

interface SpecField {
  readonly column: Name;
  readonly transform: string;
}

/** Rows under one spec and one schema. */
interface Part {
  readonly spec: readonly SpecField[];
  readonly rows: readonly Row[];
  readonly hasNanCounts: boolean;
  readonly hasBounds: boolean;
}

export interface TableShape {
  readonly parts: readonly Part[];
  /** A column is wider, one has another name, one is new, since the first part was written. */
  readonly isEvolved: boolean;
}

const orNull = <Value>(values: readonly Value[]) => fc.option(fc.constantFrom(...values), { freq: 5 });
const row: fc.Arbitrary<Row> = fc.record({
  i: orNull<number>(VALUES.i),
  l: orNull<bigint>(VALUES.l),
  d: orNull<number>(VALUES.d),
  s: orNull<string>(VALUES.s),
  t: orNull<number>(VALUES.t),
  ts: orNull<number>(VALUES.ts),
  b: orNull<boolean>(VALUES.b),
  c: orNull<number>(VALUES.c),
});
const specField = fc
  .constantFrom(...NAMES)
  .chain((column) => fc.constantFrom(...TRANSFORMS[column]).map((transform) => ({ column, transform })));

export const tableShape: fc.Arbitrary<TableShape> = fc.record({
  parts: fc.array(
    fc.record({
      spec: fc.uniqueArray(specField, { maxLength: 2, selector: ({ column, transform }) => column + transform }),
      rows: fc.array(row, { minLength: 1, maxLength: 14 }),
      hasNanCounts: fc.boolean(),
      hasBounds: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  isEvolved: fc.boolean(),
});

const field = (id: number, name: string, type: string) => ({ id, name, type, required: false });

function schemaOf(isEvolved: boolean): IcebergSchema {
  const fields = NAMES.map((name) => field(COLUMNS[name].id, name, COLUMNS[name].type));
  const first = [...fields, field(ID, "id", "int")];
  if (!isEvolved) return { type: "struct", "schema-id": 0, fields: [...first, field(10, "gone", "string")] };
  const wider = first.map((one) => (one.name === "i" ? { ...one, type: "long" } : one));
  return { type: "struct", "schema-id": 1, fields: [...wider, field(11, "fresh", "string")] };
}

/** Writes a table of such a shape, as another writer of the format might, and tells the catalog's entry for it as `t`. */
export async function writeRandomTable(
  { engine, folder, ids }: { readonly engine: SqlEngine; readonly folder: string; readonly ids: IdSource },
  { parts, isEvolved }: TableShape,
): Promise<CatalogEntry> {
  const place = join(folder, `t-${ids()}`);
  await mkdir(place, { recursive: true });
  const schemas = isEvolved ? [schemaOf(false), schemaOf(true)] : [schemaOf(false)];
  const specs = parts.map(({ spec }, index) => specOf(spec, index));
  const manifests: ManifestFile[] = [];
  let nextId = 0;
  for (const [index, part] of parts.entries()) {
    const schema = schemas[index === 0 ? 0 : schemas.length - 1] ?? schemaOf(false);
    const files: DataFile[] = [];
    for (const rows of Map.groupBy(part.rows, (one) => keyOf(part.spec, one)).values()) {
      const numbered = rows.map((one) => ({ ...one, id: (nextId += 1) }));
      const path = join(place, `${nextId}.parquet`);
      const columns = schema.fields.map(({ id, name, type }) => ({ id, name, type: typeText(type) }));
      const written = await engine.writeParquet({ select: selectOf(numbered, schema), columns, path });
      files.push(withPartition(dataFileOf(written, schema), { part, rows, specIndex: index }));
    }
    const spec = specs[index] ?? specOf([], index);
    manifests.push(await writeManifest(place, { files, spec, schema, schemas, index }));
  }
  const list = join(place, "list.avro");
  await writeFile(list, encodeManifestList(manifests, { snapshotId: 1, parentId: undefined, sequenceNumber: 1 }));
  const current = schemas.at(-1) ?? schemaOf(false);
  const metadata = {
    "format-version": 2,
    "table-uuid": ids(),
    location: place,
    "last-sequence-number": 1,
    "last-updated-ms": 0,
    "last-column-id": 11,
    "current-schema-id": current["schema-id"],
    schemas,
    "default-spec-id": 0,
    "partition-specs": specs,
    "last-partition-id": 2_000,
    "current-snapshot-id": 1,
    snapshots: [{ "snapshot-id": 1, "timestamp-ms": 0, "manifest-list": list, "schema-id": current["schema-id"] }],
  };
  await writeFile(join(place, "metadata.json"), JSON.stringify(metadata));
  return {
    name: "t",
    kind: "table",
    metadataLocation: join(place, "metadata.json"),
    sql: null,
    columns: columnsOf(current),
    snapshotId: "1",
    rowCount: null,
    bytes: null,
    fileCount: null,
    properties: {},
    updatedAtMs: 0,
  };
}

function specOf(fields: readonly SpecField[], index: number): PartitionSpec {
  return {
    "spec-id": index,
    fields: fields.map(({ column, transform }, place) => ({
      "source-id": COLUMNS[column].id,
      "field-id": 1_000 + index * 10 + place,
      name: `${column}_${transform.replaceAll(/\W/g, "_")}`,
      transform,
    })),
  };
}

async function writeManifest(
  place: string,
  told: {
    readonly files: readonly DataFile[];
    readonly spec: PartitionSpec;
    readonly schema: IcebergSchema;
    readonly schemas: readonly IcebergSchema[];
    readonly index: number;
  },
): Promise<ManifestFile> {
  const { files, spec, schema, schemas, index } = told;
  const path = join(place, `m${index}.avro`);
  const entry = { status: 1, snapshot_id: 1, sequence_number: null, file_sequence_number: null };
  const bytes = encodeManifest(
    files.map((file) => ({ ...entry, data_file: file })),
    { schema, schemas, spec, content: "data" },
  );
  await writeFile(path, bytes);
  return {
    manifest_path: path,
    manifest_length: bytes.length,
    partition_spec_id: index,
    content: 0,
    sequence_number: 1,
    min_sequence_number: 1,
    added_snapshot_id: 1,
    added_files_count: files.length,
    existing_files_count: 0,
    deleted_files_count: 0,
    added_rows_count: 0,
    existing_rows_count: 0,
    deleted_rows_count: 0,
    partitions: spec.fields.map((one, at) =>
      summaryOf(
        files.map((file) => Object.values(file.partition)[at] as Stored),
        one["source-id"] === COLUMNS.d.id,
      ),
    ),
  };
}

type Stored = number | string | boolean | Buffer | null;

function summaryOf(values: readonly Stored[], isDouble: boolean): FieldSummary {
  const told = values
    .filter((value) => value !== null && !Number.isNaN(value))
    .map((value) => ({ value, bytes: single(value, isDouble) }));
  const sorted = told.toSorted((one, other) => ordered(one.value, other.value));
  return {
    contains_null: values.includes(null),
    contains_nan: values.some((value) => Number.isNaN(value)),
    lower_bound: sorted[0]?.bytes ?? null,
    upper_bound: sorted.at(-1)?.bytes ?? null,
  };
}

function ordered(one: Stored, other: Stored): number {
  if (typeof one === "string" && typeof other === "string") return Buffer.compare(Buffer.from(one), Buffer.from(other));
  if (one instanceof Buffer && other instanceof Buffer)
    return one.readIntBE(0, one.length) - other.readIntBE(0, other.length);
  return Number(one) < Number(other) ? -1 : Number(one) > Number(other) ? 1 : 0;
}

/** The single-value binary form; whole numbers of 64 bits stand for those of 32 too. */
function single(value: Stored, isDouble: boolean): Buffer {
  if (typeof value === "object") return value ?? Buffer.alloc(0);
  if (typeof value === "string") return Buffer.from(value);
  if (typeof value === "boolean") return Buffer.from([Number(value)]);
  const wide = Buffer.alloc(8);
  if (isDouble) wide.writeDoubleLE(Number(value));
  else wide.writeBigInt64LE(BigInt(value));
  return wide;
}

function keyOf(spec: readonly SpecField[], one: Row): string {
  return spec.map(({ column, transform }) => String(partitionValue(column, transform, one))).join("|");
}

function withPartition(
  file: DataFile,
  { part, rows, specIndex }: { readonly part: Part; readonly rows: readonly Row[]; readonly specIndex: number },
): DataFile {
  const [first] = rows;
  const fields = specOf(part.spec, specIndex).fields;
  const values = part.spec.map(({ column, transform }) =>
    first === undefined ? null : partitionValue(column, transform, first),
  );
  const partition = Object.fromEntries(
    fields.map(({ name }, at) => [name, stored(part.spec[at]?.column ?? "i", values[at] ?? null)]),
  );
  const texts = rows.flatMap(({ s }) => s ?? []).map((text) => Buffer.from(text));
  const longest =
    texts
      .toSorted((one, other) => Buffer.compare(one, other))
      .at(-1)
      ?.toString() ?? "";
  const cut = Array.from(longest).slice(0, 2).join("");
  const after = cut === longest ? undefined : afterPrefix(Buffer.from(cut));
  const upper = (file.upper_bounds ?? []).filter(({ key }) => key !== COLUMNS.s.id || after === undefined);
  return {
    ...file,
    partition,
    lower_bounds: part.hasBounds ? file.lower_bounds : null,
    upper_bounds: part.hasBounds
      ? [...upper, ...(after === undefined ? [] : [{ key: COLUMNS.s.id, value: Buffer.from(after) }])]
      : null,
    nan_value_counts: part.hasNanCounts
      ? [{ key: COLUMNS.d.id, value: rows.filter(({ d }) => Number.isNaN(d)).length }]
      : null,
  };
}

function stored(column: Name, value: number | bigint | string | boolean | null): Stored {
  if (column === "c" && typeof value === "bigint") {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(Number(value));
    return bytes;
  }
  return typeof value === "bigint" ? (value as unknown as number) : value;
}

/** The transform of a row's value, told as in the specification, "Partition Transforms". */
function partitionValue(column: Name, transform: string, one: Row): number | bigint | string | boolean | null {
  const value = one[column];
  if (value === null || transform === "void") return null;
  const width = Number(/\d+/.exec(transform)?.[0] ?? 0);
  if (transform.startsWith("bucket")) {
    const own = typeof value === "string" ? Buffer.from(value) : (value as number | bigint);
    return bucketOf(COLUMNS[column].type, own, width) ?? null;
  }
  if (transform.startsWith("truncate")) {
    if (typeof value === "string") return Array.from(value).slice(0, width).join("");
    const whole = BigInt(value as number | bigint);
    const wide = BigInt(width);
    // What is cut beyond the least integer overflows, as in the reference.
    const cut = BigInt.asIntN(column === "i" ? 32 : 64, whole - (((whole % wide) + wide) % wide));
    return column === "i" ? Number(cut) : cut;
  }
  if (transform === "identity") return column === "c" ? BigInt(value as number) : (value as number);
  const ms = Number(value) * (column === "t" ? 86_400_000 : 0.001);
  if (transform === "day") return Math.floor(ms / 86_400_000);
  if (transform === "hour") return Math.floor(ms / 3_600_000);
  const date = new Date(Math.floor(ms));
  const years = date.getUTCFullYear() - 1970;
  return transform === "year" ? years : years * 12 + date.getUTCMonth();
}

/** A value as SQL. */
export function literalOf(column: Name, value: Row[Name]): string {
  if (value === null) return "NULL";
  switch (column) {
    case "s":
      return `'${String(value).replaceAll("'", "''")}'`;
    case "d":
      return `'${String(Object.is(value, -0) ? "-0.0" : value)}'::DOUBLE`;
    case "t":
      return `DATE '1970-01-01' + CAST(${String(value)} AS INTEGER)`;
    case "ts":
      return `make_timestamp(${String(value)})`;
    case "c":
      return (Number(value) / 100).toFixed(2);
    default:
      return String(value);
  }
}

function selectOf(rows: readonly (Row & { readonly id: number })[], schema: IcebergSchema): string {
  const selects = rows.map((one) => {
    const cells = schema.fields.map(({ name, type }) => {
      if (name === "id") return `${one.id}::INTEGER AS id`;
      if (!(name in COLUMNS)) return `'x' AS ${name}`;
      const sql = name === "i" && type === "long" ? "BIGINT" : COLUMNS[name as Name].sql;
      return `CAST(${literalOf(name as Name, one[name as Name])} AS ${sql}) AS "${name}"`;
    });
    return `SELECT ${cells.join(", ")}`;
  });
  return selects.join(" UNION ALL ");
}
