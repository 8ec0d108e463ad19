import type { Column } from "@millwright/kernel";
import { quoteName } from "./domain/names.ts";
import {
  columnsOf,
  currentSchema,
  currentSnapshot,
  snapshotAsOf,
  type IcebergMetadata,
  type IcebergSnapshot,
} from "./domain/iceberg/metadata.ts";
import { isDeletedBy } from "./domain/iceberg/deletes-of.ts";
import type { LiveFile } from "./domain/iceberg/scan.ts";
import { fieldsOf, type IcebergSchema } from "./domain/iceberg/schema.ts";
import { lakehouseErrors } from "./errors.ts";
import { liveFilesOf, scanOf } from "./table-files.ts";
import type { ObjectStore, QueryResult, SqlEngine } from "./ports.ts";

/** One row that is not what it was. A row that only one of the snapshots has is null on the other side. */
interface RowChange {
  readonly kind: "inserted" | "deleted" | "updated";
  readonly before: QueryResult["rows"][number] | null;
  readonly after: QueryResult["rows"][number] | null;
}

export interface TableChanges {
  readonly table: string;
  /** Null: before the table's first snapshot. */
  readonly fromSnapshotId: string | null;
  readonly toSnapshotId: string;
  /** By which a row is the same one before and after; none: rows are only inserted and deleted. */
  readonly keys: readonly string[];
  readonly columns: readonly Column[];
  readonly inserted: number;
  readonly deleted: number;
  readonly updated: number;
  readonly changes: readonly RowChange[];
  /** There were more than were asked for. */
  readonly truncated: boolean;
}

export interface ChangesRequest {
  /** A snapshot's id, a tag or a branch; unless told, the snapshot before `to`. */
  readonly from?: string | undefined;
  /** Unless told, the current snapshot. */
  readonly to?: string | undefined;
  /** Unless told, the schema's identifier fields. */
  readonly keys?: readonly string[] | undefined;
}

interface Range {
  readonly from: IcebergSnapshot | undefined;
  readonly to: IcebergSnapshot;
}

type Ports = { readonly store: ObjectStore; readonly engine: SqlEngine };

interface Table {
  readonly name: string;
  readonly metadata: IcebergMetadata;
}

/** The rows that differ between two snapshots, at most so many. Throws `lakehouse/unknown-snapshot`, `lakehouse/unknown-column`. */
export async function tableChanges(
  ports: Ports,
  table: Table,
  { limit, ...request }: ChangesRequest & { readonly limit: number },
): Promise<TableChanges> {
  const range = rangeOf(table, request);
  const schema = schemaAt(table.metadata, range.to);
  const keys = keysOf(table.name, schema, request.keys);
  const select = await selectBetween(ports, table.metadata, { range, schema, keys });
  const order = [...keys.map(quoteName), "_change_type DESC"].join(", ");
  const counts = ["INSERT", "DELETE", "UPDATE_AFTER"].map(
    (type) => `(SELECT count(*) FROM changed WHERE _change_type = '${type}')`,
  );
  const { rows } = await ports.engine.query(
    `WITH changed AS MATERIALIZED (${select}) SELECT ${counts.join(", ")}, * FROM changed ORDER BY ${order} LIMIT ${2 * limit + 1}`,
    { maxRows: 2 * limit + 1 },
  );
  const [inserted, deleted, updated] = (rows[0] ?? [0, 0, 0]).slice(0, 3).map(Number) as [number, number, number];
  const changes = pairsOf(rows.map((row) => row.slice(3))).slice(0, limit);
  return {
    table: table.name,
    fromSnapshotId: range.from === undefined ? null : String(range.from["snapshot-id"]),
    toSnapshotId: String(range.to["snapshot-id"]),
    keys,
    columns: columnsOf(schema),
    inserted,
    deleted,
    updated,
    changes,
    truncated: changes.length < inserted + deleted + updated,
  };
}

/** Rows with their `_change_type` last; of an update its two rows follow each other. */
function pairsOf(rows: QueryResult["rows"]): readonly RowChange[] {
  const changes: RowChange[] = [];
  const updated = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const [values, type] = [row.slice(0, -1), row.at(-1)];
    if (type === "INSERT") changes.push({ kind: "inserted", before: null, after: values });
    else if (type === "DELETE") changes.push({ kind: "deleted", before: values, after: null });
    else if (type === "UPDATE_BEFORE") updated.set("before", values);
    else changes.push({ kind: "updated", before: updated.get("before") ?? null, after: values });
  }
  return changes;
}

/**
 * The rows that differ between two snapshots as a SELECT: the table's columns, then `_change_type` as Iceberg's changelog
 * names it: INSERT, DELETE, and where keys tell that a row is the same one, UPDATE_BEFORE and UPDATE_AFTER.
 */
export async function changesSelect(ports: Ports, table: Table, request: ChangesRequest): Promise<string> {
  const range = rangeOf(table, request);
  const schema = schemaAt(table.metadata, range.to);
  const keys = keysOf(table.name, schema, request.keys);
  return selectBetween(ports, table.metadata, { range, schema, keys });
}

const CHANGELOG_SNAPSHOTS_MAX = 500;

/** What each snapshot that leads to the current one changed, the oldest first by `_change_ordinal`. */
export async function changelogSelect(ports: Ports, { name, metadata }: Table): Promise<string> {
  const schema = currentSchema(metadata);
  if (schema === undefined) throw new Error("the table has no current schema");
  // What a snapshot changed is not known once the one before it is forgotten.
  const known = ancestry(metadata).filter((one) => isFirst(one) || parentOf(metadata, one) !== undefined);
  const line = known.filter(({ summary }) => summary?.["operation"] !== "replace");
  if (line.length > CHANGELOG_SNAPSHOTS_MAX)
    throw lakehouseErrors.create("lakehouse/sql-error", {
      because: `${name}.changes is of ${line.length} snapshots, and of at most ${CHANGELOG_SNAPSHOTS_MAX} it can be asked`,
      remedy: `Ask for what changed between two of them: select * from table_changes('${name}', FROM, TO).`,
    });
  const keys = keysOf(name, schema, undefined);
  const parts = await Promise.all(
    line.map(async (to, ordinal) => {
      const range = { from: parentOf(metadata, to), to };
      const select = await selectBetween(ports, metadata, { range, schema, keys });
      return `SELECT *, ${ordinal}::INTEGER AS _change_ordinal, ${to["snapshot-id"]}::BIGINT AS _commit_snapshot_id FROM (${select})`;
    }),
  );
  if (parts.length > 0) return parts.join(" UNION ALL ");
  const none = await scanOf(ports, metadata, { snapshot: undefined, schema });
  return `SELECT *, ''::VARCHAR AS _change_type, 0::INTEGER AS _change_ordinal, 0::BIGINT AS _commit_snapshot_id FROM (${none})`;
}

/** The current snapshot and those before it, the oldest first. */
function ancestry(metadata: IcebergMetadata): readonly IcebergSnapshot[] {
  const line: IcebergSnapshot[] = [];
  for (let one = currentSnapshot(metadata); one !== undefined; one = parentOf(metadata, one)) {
    line.unshift(one);
    if (line.length > metadata.snapshots.length) break;
  }
  return line;
}

function parentOf({ snapshots }: IcebergMetadata, one: IcebergSnapshot): IcebergSnapshot | undefined {
  const parent = one["parent-snapshot-id"];
  return parent === undefined ? undefined : snapshots.find((other) => other["snapshot-id"] === parent);
}

function isFirst({ "parent-snapshot-id": parent }: IcebergSnapshot): boolean {
  return parent === undefined;
}

function rangeOf({ name, metadata }: Table, request: ChangesRequest): Range {
  const named = (version: string): IcebergSnapshot => {
    const found = snapshotAsOf(metadata, { kind: "version", version });
    if (found !== undefined) return found;
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", {
      because: `${name} has no snapshot, tag or branch ${version.slice(0, 100)}`,
    });
  };
  const to = request.to === undefined ? currentSnapshot(metadata) : named(request.to);
  if (to === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", { because: `${name} has no snapshot yet` });
  const from = request.from === undefined ? parentOf(metadata, to) : named(request.from);
  if (from === undefined && !isFirst(to))
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", {
      because: `${name} has forgotten the snapshot before ${to["snapshot-id"]}, and with it what changed`,
    });
  return { from, to };
}

function schemaAt(metadata: IcebergMetadata, { "schema-id": id }: IcebergSnapshot): IcebergSchema {
  const schema = metadata.schemas.find((one) => one["schema-id"] === id) ?? currentSchema(metadata);
  if (schema === undefined) throw new Error("the table has no current schema");
  return schema;
}

function keysOf(table: string, schema: IcebergSchema, asked: readonly string[] | undefined): readonly string[] {
  const top = new Set(schema.fields.map(({ name }) => name));
  const unknown = asked?.find((name) => !top.has(name));
  if (unknown !== undefined)
    throw lakehouseErrors.create("lakehouse/unknown-column", {
      because: `${table} has no column ${unknown.slice(0, 100)}`,
    });
  if (asked !== undefined) return asked;
  const names = new Map(fieldsOf(schema).map(({ id, name }) => [id, name]));
  const identifiers = (schema["identifier-field-ids"] ?? []).map((id) => names.get(id) ?? "");
  return identifiers.every((name) => top.has(name)) ? identifiers : [];
}

interface Between {
  readonly range: Range;
  readonly schema: IcebergSchema;
  readonly keys: readonly string[];
}

const COUNT = quoteName("of this row");

/** Rows are counted up on the one side and down on the other, so that a row that is there twice and once is inserted once. */
async function selectBetween(ports: Ports, metadata: IcebergMetadata, between: Between): Promise<string> {
  const { range, schema, keys } = between;
  const [before, after] = await differingFiles(ports.store, metadata, range);
  const side = (snapshot: IcebergSnapshot | undefined, keeps: (one: LiveFile) => boolean) =>
    scanOf(ports, metadata, { snapshot, schema, keeps });
  const [old, fresh] = await Promise.all([side(range.from, before), side(range.to, after)]);
  const names = schema.fields.map(({ name }) => quoteName(name)).join(", ");
  const net = `SELECT ${names}, sum(side)::BIGINT AS ${COUNT} FROM (SELECT ${names}, 1 AS side FROM (${fresh}) UNION ALL SELECT ${names}, -1 FROM (${old})) GROUP BY ${names} HAVING sum(side) <> 0`;
  return `SELECT ${names}, ${typeOf(keys)} AS _change_type FROM (SELECT *, unnest(range(abs(${COUNT}))) FROM (${net}))`;
}

/** A row is updated when of its keys there is one row before and one after. */
function typeOf(keys: readonly string[]): string {
  const plain = `CASE WHEN ${COUNT} > 0 THEN 'INSERT' ELSE 'DELETE' END`;
  if (keys.length === 0) return plain;
  const over = `OVER (PARTITION BY ${keys.map(quoteName).join(", ")})`;
  const isPair = `count(*) ${over} = 2 AND min(${COUNT}) ${over} < 0 AND max(${COUNT}) ${over} > 0`;
  return `CASE WHEN ${isPair} THEN CASE WHEN ${COUNT} > 0 THEN 'UPDATE_AFTER' ELSE 'UPDATE_BEFORE' END ELSE ${plain} END`;
}

type Keeps = (one: LiveFile) => boolean;

/** Of each side the files that must be read: not those that both have with the same deletes. */
async function differingFiles(
  store: ObjectStore,
  metadata: IcebergMetadata,
  { from, to }: Range,
): Promise<readonly [Keeps, Keeps]> {
  const [old, fresh] = await Promise.all([
    from === undefined ? [] : liveFilesOf(store, metadata, from),
    liveFilesOf(store, metadata, to),
  ]);
  const [before, after] = [statesOf(metadata, old), statesOf(metadata, fresh)];
  const differs = (own: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): Keeps => {
    const paths = new Set([...own].filter(([path, state]) => other.get(path) !== state).map(([path]) => path));
    return ({ file }) => file.content !== 0 || paths.has(store.pathOf(file.file_path));
  };
  const byPlace = (states: ReadonlyMap<string, string>) =>
    new Map([...states].map(([path, state]) => [store.pathOf(path), state]));
  const [was, is] = [byPlace(before), byPlace(after)];
  return [differs(was, is), differs(is, was)];
}

/** By the path of a data file, the deletes that are of it. */
function statesOf(metadata: IcebergMetadata, files: readonly LiveFile[]): ReadonlyMap<string, string> {
  const specs = metadata["partition-specs"].filter(({ fields }) => fields.length === 0);
  const unpartitioned = new Set(specs.map((spec) => spec["spec-id"]));
  const deletes = files.filter(({ file }) => file.content !== 0);
  const data = files.filter(({ file }) => file.content === 0);
  return new Map(
    data.map((one) => {
      const own = deletes.filter((two) => isDeletedBy(one, two, { unpartitioned }));
      const paths = own.map(({ file }) => file.file_path).toSorted();
      return [one.file.file_path, paths.join("\0")];
    }),
  );
}
