import { icebergErrors } from "../../iceberg-errors.ts";
import {
  asVersion,
  metadataLog,
  type IcebergMetadata,
  type IcebergSnapshot,
  type SnapshotId,
  type SnapshotRef,
  type SortOrder,
} from "./metadata.ts";
import { bindOrder, bindSpec, isSameOrder, isSamePartitioning, type UnboundPartitionField } from "./partitioning.ts";
import { fieldBeyond, fieldsOf, highestFieldId, isSameSchema, type IcebergSchema } from "./schema.ts";

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** A table's metadata while updates are laid upon it, one after another. */
export interface TableDraft {
  readonly base: IcebergMetadata | undefined;
  readonly metadata: Mutable<IcebergMetadata>;
  readonly nowMs: number;
  /** What -1 stands for in an update: the last that this commit has added. */
  readonly lastAdded: { schema?: number; spec?: number; order?: number };
  readonly addedSnapshots: Set<SnapshotId>;
  /** Added ones that were main's for a while: they leave no trace in its log. */
  readonly passedOnMain: Set<SnapshotId>;
  removesSnapshots: boolean;
  isChanged: boolean;
}

export const FORMAT_VERSION_MAX = 3;

export function draftOf(base: IcebergMetadata, nowMs: number): TableDraft {
  return { ...begun(nowMs), base, metadata: { ...base } };
}

/** The draft of a table that is not there yet. */
export function emptyDraft(told: { nowMs: number; uuid: string; formatVersion: number }): TableDraft {
  const metadata: IcebergMetadata = {
    "format-version": told.formatVersion,
    "table-uuid": told.uuid,
    location: "",
    "last-sequence-number": 0,
    "last-updated-ms": told.nowMs,
    "last-column-id": 0,
    // What a client adds first has the id 0, and is meant until another is set: some never set it.
    "current-schema-id": 0,
    schemas: [],
    "default-spec-id": 0,
    "partition-specs": [],
    "last-partition-id": 999,
    "default-sort-order-id": 0,
    "sort-orders": [],
    properties: {},
    "current-snapshot-id": null,
    refs: {},
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
    ...(told.formatVersion >= 3 ? { "next-row-id": 0 } : {}),
  };
  return { ...begun(told.nowMs), base: undefined, metadata };
}

function begun(nowMs: number): Omit<TableDraft, "base" | "metadata"> {
  return {
    nowMs,
    lastAdded: {},
    addedSnapshots: new Set(),
    passedOnMain: new Set(),
    removesSnapshots: false,
    isChanged: false,
  };
}

export function upgradeFormat({ metadata }: TableDraft, version: number): void {
  const present = metadata["format-version"];
  if (version > FORMAT_VERSION_MAX)
    throw bad(`Cannot upgrade table to unsupported format version: v${version} (supported: v${FORMAT_VERSION_MAX})`);
  if (version < present) throw bad(`Cannot downgrade v${present} table to v${version}`);
  metadata["format-version"] = version;
  if (version >= 3) metadata["next-row-id"] ??= 0;
}

export function addSchema(draft: TableDraft, schema: IcebergSchema): void {
  const { metadata, lastAdded } = draft;
  const beyond = fieldBeyond(schema, metadata["format-version"]);
  if (beyond !== undefined)
    throw bad(
      `Invalid schema for v${metadata["format-version"]}: Invalid type for ${beyond.name}: ${beyond.type} is not supported until v3`,
    );
  metadata["last-column-id"] = Math.max(metadata["last-column-id"], highestFieldId(schema));
  const same = metadata.schemas.find((one) => isSameSchema(one, schema));
  const id = same?.["schema-id"] ?? Math.max(-1, ...metadata.schemas.map((one) => one["schema-id"])) + 1;
  if (same === undefined) metadata.schemas = [...metadata.schemas, { ...schema, "schema-id": id }];
  lastAdded.schema = id;
}

export function setCurrentSchema(draft: TableDraft, asked: number): void {
  const id = resolved(asked, draft.lastAdded.schema, "Cannot set last added schema: no schema has been added");
  const schema = draft.metadata.schemas.find((one) => one["schema-id"] === id);
  if (schema === undefined) throw bad(`Cannot set current schema to unknown schema: ${id}`);
  draft.metadata["current-schema-id"] = id;
}

export function addSpec(draft: TableDraft, given: { readonly fields: readonly UnboundPartitionField[] }): void {
  const { metadata, lastAdded } = draft;
  const specs = metadata["partition-specs"];
  const specId = Math.max(-1, ...specs.map((one) => one["spec-id"])) + 1;
  const bound = bindSpec(given, { schema: schemaOf(draft), specId, lastId: metadata["last-partition-id"] });
  const same = specs.find((one) => isSamePartitioning(bound.spec, one));
  lastAdded.spec = same?.["spec-id"] ?? specId;
  if (same !== undefined) return;
  if (metadata["format-version"] === 1 && !bound.spec.fields.every((one, index) => one["field-id"] === 1_000 + index))
    throw invalid("Spec does not use sequential IDs that are required in v1");
  metadata["partition-specs"] = [...specs, bound.spec];
  metadata["last-partition-id"] = bound.lastId;
}

export function setDefaultSpec(draft: TableDraft, asked: number): void {
  const id = resolved(asked, draft.lastAdded.spec, "Cannot set last added spec: no spec has been added");
  if (!draft.metadata["partition-specs"].some((one) => one["spec-id"] === id))
    throw bad(`Cannot set default partition spec to unknown spec: ${id}`);
  draft.metadata["default-spec-id"] = id;
}

export function addOrder(draft: TableDraft, given: { readonly fields: SortOrder["fields"] }): void {
  const { metadata, lastAdded } = draft;
  const orders = metadata["sort-orders"];
  const orderId = Math.max(0, ...orders.map((one) => one["order-id"])) + 1;
  const bound = bindOrder(given, { schema: schemaOf(draft), orderId });
  const same = orders.find((one) => isSameOrder(bound, one));
  if (same === undefined) metadata["sort-orders"] = [...orders, bound];
  lastAdded.order = (same ?? bound)["order-id"];
}

export function setDefaultOrder(draft: TableDraft, asked: number): void {
  const id = resolved(asked, draft.lastAdded.order, "Cannot set last added sort order: no sort order has been added");
  if (!draft.metadata["sort-orders"].some((one) => one["order-id"] === id))
    throw bad(`Cannot set default sort order to unknown order: ${id}`);
  draft.metadata["default-sort-order-id"] = id;
}

export function addSnapshot({ metadata, addedSnapshots }: TableDraft, snapshot: IcebergSnapshot): void {
  const id = snapshot["snapshot-id"];
  if (metadata.schemas.length === 0) throw invalid("Attempting to add a snapshot before a schema is added");
  if (metadata.snapshots.some((one) => one["snapshot-id"] === id))
    throw invalid(`Snapshot already exists for id: ${id}`);
  const sequence = snapshot["sequence-number"] ?? 0;
  const last = metadata["last-sequence-number"];
  if (metadata["format-version"] > 1 && sequence <= last && snapshot["parent-snapshot-id"] !== undefined)
    throw stale(`Cannot add snapshot with sequence number ${sequence} older than last sequence number ${last}`);
  if (metadata["format-version"] >= 3) takeRowIds(metadata, snapshot);
  if (metadata["format-version"] > 1) metadata["last-sequence-number"] = Math.max(last, sequence);
  metadata.snapshots = [...metadata.snapshots, snapshot];
  addedSnapshots.add(id);
}

function takeRowIds(metadata: Mutable<IcebergMetadata>, snapshot: IcebergSnapshot): void {
  const first = snapshot["first-row-id"];
  const next = metadata["next-row-id"] ?? 0;
  if (first === undefined) throw invalid("Cannot add a snapshot: first-row-id is null");
  if (first < next) throw stale(`Cannot add a snapshot, first-row-id is behind table next-row-id: ${first} < ${next}`);
  metadata["next-row-id"] = next + (snapshot["added-rows"] ?? 0);
}

export function setRef(draft: TableDraft, name: string, ref: SnapshotRef): void {
  const { metadata, addedSnapshots, passedOnMain, nowMs } = draft;
  const present = Object.hasOwn(metadata.refs, name) ? metadata.refs[name] : undefined;
  const id = ref["snapshot-id"];
  const snapshot = metadata.snapshots.find((one) => one["snapshot-id"] === id);
  if (snapshot === undefined) throw invalid(`Cannot set ${name} to unknown snapshot: ${id}`);
  if (name === "main" && ref.type !== "branch") throw invalid("Cannot set main to a tag, it must be a branch");
  if (name === "main" && present?.["snapshot-id"] !== id) {
    const before = metadata["current-snapshot-id"];
    if (before !== null && before !== undefined && addedSnapshots.has(before)) passedOnMain.add(before);
    passedOnMain.delete(id);
    metadata["current-snapshot-id"] = id;
    const at = addedSnapshots.has(id) ? snapshot["timestamp-ms"] : nowMs;
    metadata["snapshot-log"] = [...metadata["snapshot-log"], { "timestamp-ms": at, "snapshot-id": id }];
  }
  metadata.refs = { ...metadata.refs, [name]: ref };
}

export function removeRef({ metadata }: TableDraft, name: string): void {
  if (name === "main") metadata["current-snapshot-id"] = null;
  metadata.refs = Object.fromEntries(Object.entries(metadata.refs).filter(([one]) => one !== name));
}

/** Snapshots go with the refs and the statistics that name them. */
export function removeSnapshots(draft: TableDraft, ids: ReadonlySet<SnapshotId>): void {
  const { metadata } = draft;
  const stays = (one: { readonly "snapshot-id": SnapshotId }) => !ids.has(one["snapshot-id"]);
  metadata.snapshots = metadata.snapshots.filter(stays);
  for (const [name, ref] of Object.entries(metadata.refs)) if (!stays(ref)) removeRef(draft, name);
  if (metadata.statistics !== undefined) metadata.statistics = metadata.statistics.filter(stays);
  const partitions = metadata["partition-statistics"];
  if (partitions !== undefined) metadata["partition-statistics"] = partitions.filter(stays);
  draft.removesSnapshots = true;
}

export function removeSpecs({ metadata }: TableDraft, ids: ReadonlySet<number>): void {
  if (ids.has(metadata["default-spec-id"])) throw bad("Cannot remove the default partition spec");
  metadata["partition-specs"] = metadata["partition-specs"].filter((one) => !ids.has(one["spec-id"]));
}

export function removeSchemas({ metadata }: TableDraft, ids: ReadonlySet<number>): void {
  if (ids.has(metadata["current-schema-id"])) throw bad("Cannot remove the current schema");
  metadata.schemas = metadata.schemas.filter((one) => !ids.has(one["schema-id"]));
}

/** The metadata after all updates, checked as a whole. */
export function finished(draft: TableDraft, previousLocation: string | undefined): IcebergMetadata {
  const { metadata, base, nowMs } = draft;
  if (metadata.location === "") throw bad("Invalid table: no location was set");
  refuseLostSources(draft);
  return asVersion({
    ...metadata,
    "last-updated-ms": Math.max(nowMs, base?.["last-updated-ms"] ?? 0),
    "metadata-log": metadataLog(base, previousLocation, metadata.properties),
    "snapshot-log": snapshotLog(draft),
  });
}

/** What the default spec and order stand on must still be there. */
function refuseLostSources(draft: TableDraft): void {
  const { metadata } = draft;
  const spec = metadata["partition-specs"].find((one) => one["spec-id"] === metadata["default-spec-id"]);
  const order = metadata["sort-orders"].find((one) => one["order-id"] === metadata["default-sort-order-id"]);
  if (spec === undefined) throw bad("Invalid table: it has no default partition spec");
  if (order === undefined) throw bad("Invalid table: it has no default sort order");
  const ids = new Set(fieldsOf(schemaOf(draft)).map(({ id }) => id));
  const lost = (fields: readonly { "source-id": number; transform: string }[]) =>
    fields.find((one) => one.transform !== "void" && !ids.has(one["source-id"]));
  const column = lost(spec.fields) ?? lost(order.fields);
  if (column !== undefined)
    throw invalid(`Cannot find source column for partition or sort field: source id ${column["source-id"]}`);
}

/** A removed snapshot takes the log before it along: with a gap, time travel would find what was not current then. */
function snapshotLog({ metadata, passedOnMain, removesSnapshots }: TableDraft): IcebergMetadata["snapshot-log"] {
  if (passedOnMain.size === 0 && !removesSnapshots) return metadata["snapshot-log"];
  const present = new Set(metadata.snapshots.map((one) => one["snapshot-id"]));
  const kept: IcebergMetadata["snapshot-log"][number][] = [];
  for (const entry of metadata["snapshot-log"]) {
    const id = entry["snapshot-id"];
    if (!present.has(id)) kept.length = removesSnapshots ? 0 : kept.length;
    else if (!passedOnMain.has(id)) kept.push(entry);
  }
  return kept;
}

function schemaOf({ metadata }: Pick<TableDraft, "metadata">): IcebergSchema {
  const schema = metadata.schemas.find((one) => one["schema-id"] === metadata["current-schema-id"]);
  if (schema === undefined) throw bad("Invalid table: it has no current schema");
  return schema;
}

/** The whole of a new table: fresh ids for columns, partitions and order. */
export function newTable(
  told: { nowMs: number; uuid: string; formatVersion: number; location: string },
  request: {
    readonly schema: IcebergSchema;
    readonly spec: { readonly fields: readonly UnboundPartitionField[] } | undefined;
    readonly order: Pick<SortOrder, "fields"> | undefined;
    readonly properties: Readonly<Record<string, string>>;
    readonly fresh: { readonly schema: IcebergSchema; readonly lastColumnId: number };
  },
): IcebergMetadata {
  const draft = emptyDraft(told);
  const { fresh } = request;
  const names = new Map(fieldsOf(request.schema).map(({ id, name }) => [id, name]));
  const ids = new Map(fieldsOf(fresh.schema).map(({ id, name }) => [name, id]));
  const renumber = <Field extends { readonly "source-id": number }>(field: Field): Field => ({
    ...field,
    "source-id": ids.get(names.get(field["source-id"]) ?? "") ?? -1,
  });
  addSchema(draft, fresh.schema);
  setCurrentSchema(draft, -1);
  const fields = (request.spec?.fields ?? []).map(({ "field-id": _id, ...field }) => renumber(field));
  addSpec(draft, { fields });
  setDefaultSpec(draft, -1);
  addOrder(draft, { fields: (request.order?.fields ?? []).map(renumber) });
  setDefaultOrder(draft, -1);
  draft.metadata.location = told.location;
  draft.metadata.properties = { "write.parquet.compression-codec": "zstd", ...request.properties };
  return finished(draft, undefined);
}

function resolved(asked: number, lastAdded: number | undefined, because: string): number {
  if (asked !== -1) return asked;
  if (lastAdded === undefined) throw invalid(because);
  return lastAdded;
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}

function invalid(because: string): Error {
  return icebergErrors.create("iceberg/invalid-change", { because });
}

/** What the client computed from a state that has passed: it may load the table anew and try again. */
function stale(because: string): Error {
  return icebergErrors.create("iceberg/commit-failed", { because: `Validation failed, please retry: ${because}` });
}
