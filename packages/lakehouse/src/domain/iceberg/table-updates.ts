import { faultsOf, Type } from "@millwright/kernel";
import type { Static, TSchema } from "typebox";
import { icebergErrors } from "../../iceberg-errors.ts";
import type { SnapshotRef } from "./metadata.ts";
import { readSchema } from "./read-schema.ts";
import * as drafts from "./table-draft.ts";
import type { TableDraft } from "./table-draft.ts";

/** One change of a table, as the protocol tells it. */
export interface TableUpdate {
  readonly action: string;
  readonly [field: string]: unknown;
}

/** Where the files of tables may lie. */
export interface Places {
  /** Of a client's files. Throws `iceberg/foreign-location`. */
  check(location: string): void;
  /** Of what is written or read here. Throws `iceberg/foreign-location`. */
  checkOwn(location: string): void;
}

const SnapshotIdSchema = Type.Union([Type.Integer(), Type.BigInt()]);
const Texts = Type.Record(Type.String(), Type.String());

export const SpecSchema = Type.Object({
  "spec-id": Type.Optional(Type.Integer()),
  fields: Type.Array(
    Type.Object({
      "source-id": Type.Integer(),
      "field-id": Type.Optional(Type.Integer()),
      name: Type.String({ minLength: 1 }),
      transform: Type.String(),
    }),
  ),
});

export const OrderSchema = Type.Object({
  "order-id": Type.Optional(Type.Integer()),
  fields: Type.Array(
    Type.Object({
      "source-id": Type.Integer(),
      transform: Type.String(),
      direction: Type.Union([Type.Literal("asc"), Type.Literal("desc")]),
      "null-order": Type.Union([Type.Literal("nulls-first"), Type.Literal("nulls-last")]),
    }),
  ),
});

const SnapshotSchema = Type.Object({
  "snapshot-id": SnapshotIdSchema,
  "parent-snapshot-id": Type.Optional(SnapshotIdSchema),
  "sequence-number": Type.Optional(Type.Integer({ minimum: 0 })),
  "timestamp-ms": Type.Integer(),
  "manifest-list": Type.String({ minLength: 1 }),
  summary: Type.Optional(Texts),
  "schema-id": Type.Optional(Type.Integer()),
  "first-row-id": Type.Optional(Type.Integer()),
  "added-rows": Type.Optional(Type.Integer()),
});

const StatisticsSchema = Type.Object({ "snapshot-id": SnapshotIdSchema, "statistics-path": Type.String() });

interface Kind {
  readonly schema: TSchema;
  apply(draft: TableDraft, update: unknown, places: Places): void;
}

function kind<Schema extends TSchema>(
  schema: Schema,
  apply: (draft: TableDraft, update: Static<Schema>, places: Places) => void,
): Kind {
  return { schema, apply: (draft, update, places) => apply(draft, update as Static<Schema>, places) };
}

const KINDS: Readonly<Record<string, Kind>> = {
  "assign-uuid": kind(Type.Object({ uuid: Type.String({ minLength: 1 }) }), ({ base, metadata }, { uuid }) => {
    if (base !== undefined && base["table-uuid"].toLowerCase() !== uuid.toLowerCase())
      throw bad(`Cannot reassign uuid: the table has ${base["table-uuid"]}`);
    metadata["table-uuid"] = uuid;
  }),
  "upgrade-format-version": kind(Type.Object({ "format-version": Type.Integer() }), (draft, update) =>
    drafts.upgradeFormat(draft, update["format-version"]),
  ),
  "add-schema": kind(Type.Object({ schema: Type.Unknown() }), (draft, { schema }) =>
    drafts.addSchema(draft, readSchema(schema)),
  ),
  "set-current-schema": kind(Type.Object({ "schema-id": Type.Integer() }), (draft, update) =>
    drafts.setCurrentSchema(draft, update["schema-id"]),
  ),
  "add-spec": kind(Type.Object({ spec: SpecSchema }), (draft, { spec }) => drafts.addSpec(draft, spec)),
  "set-default-spec": kind(Type.Object({ "spec-id": Type.Integer() }), (draft, update) =>
    drafts.setDefaultSpec(draft, update["spec-id"]),
  ),
  "add-sort-order": kind(Type.Object({ "sort-order": OrderSchema }), (draft, update) =>
    drafts.addOrder(draft, update["sort-order"]),
  ),
  "set-default-sort-order": kind(Type.Object({ "sort-order-id": Type.Integer() }), (draft, update) =>
    drafts.setDefaultOrder(draft, update["sort-order-id"]),
  ),
  "add-snapshot": kind(Type.Object({ snapshot: SnapshotSchema }), (draft, { snapshot }, places) => {
    places.check(snapshot["manifest-list"]);
    drafts.addSnapshot(draft, snapshot);
  }),
  "set-snapshot-ref": kind(
    Type.Object({
      "ref-name": Type.String({ minLength: 1 }),
      type: Type.Union([Type.Literal("branch"), Type.Literal("tag")]),
      "snapshot-id": SnapshotIdSchema,
      "min-snapshots-to-keep": Type.Optional(Type.Integer({ minimum: 1 })),
      "max-snapshot-age-ms": Type.Optional(Type.Integer({ minimum: 1 })),
      "max-ref-age-ms": Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    (draft, update) => drafts.setRef(draft, update["ref-name"], refOf(update)),
  ),
  "remove-snapshots": kind(Type.Object({ "snapshot-ids": Type.Array(SnapshotIdSchema) }), (draft, update) =>
    drafts.removeSnapshots(draft, new Set(update["snapshot-ids"])),
  ),
  "remove-snapshot-ref": kind(Type.Object({ "ref-name": Type.String() }), (draft, update) =>
    drafts.removeRef(draft, update["ref-name"]),
  ),
  "set-location": kind(
    Type.Object({ location: Type.String({ minLength: 1 }) }),
    ({ metadata }, { location }, places) => {
      places.check(location);
      metadata.location = location.replace(/\/+$/, "");
    },
  ),
  "set-properties": kind(Type.Object({ updates: Texts }), ({ metadata }, { updates }, places) => {
    checkProperties(updates, places);
    metadata.properties = { ...metadata.properties, ...updates };
  }),
  "remove-properties": kind(Type.Object({ removals: Type.Array(Type.String()) }), ({ metadata }, { removals }) => {
    const gone = new Set(removals);
    metadata.properties = Object.fromEntries(Object.entries(metadata.properties).filter(([name]) => !gone.has(name)));
  }),
  "set-statistics": kind(Type.Object({ statistics: StatisticsSchema }), ({ metadata }, { statistics }, places) => {
    places.check(statistics["statistics-path"]);
    metadata.statistics = [...others(metadata.statistics, statistics), statistics];
  }),
  "remove-statistics": kind(Type.Object({ "snapshot-id": SnapshotIdSchema }), ({ metadata }, update) => {
    metadata.statistics = others(metadata.statistics, update);
  }),
  "set-partition-statistics": kind(
    Type.Object({ "partition-statistics": StatisticsSchema }),
    ({ metadata }, { "partition-statistics": statistics }, places) => {
      places.check(statistics["statistics-path"]);
      metadata["partition-statistics"] = [...others(metadata["partition-statistics"], statistics), statistics];
    },
  ),
  "remove-partition-statistics": kind(Type.Object({ "snapshot-id": SnapshotIdSchema }), ({ metadata }, update) => {
    metadata["partition-statistics"] = others(metadata["partition-statistics"], update);
  }),
  "remove-partition-specs": kind(Type.Object({ "spec-ids": Type.Array(Type.Integer()) }), (draft, update) =>
    drafts.removeSpecs(draft, new Set(update["spec-ids"])),
  ),
  "remove-schemas": kind(Type.Object({ "schema-ids": Type.Array(Type.Integer()) }), (draft, update) =>
    drafts.removeSchemas(draft, new Set(update["schema-ids"])),
  ),
};

/** Refuses properties by which something would be written outside the warehouse. Throws `iceberg/foreign-location`. */
export function checkProperties(properties: Readonly<Record<string, string>>, places: Places): void {
  const { "write.metadata.path": own, "write.data.path": data, "write.object-storage.path": objects } = properties;
  if (own !== undefined) places.checkOwn(own);
  for (const path of [data, objects]) if (path !== undefined) places.check(path);
}

/** Lays one change upon a draft. Throws `iceberg/bad-request` for what it cannot read, and the draft's own errors. */
export function applyUpdate(draft: TableDraft, update: TableUpdate, places: Places): void {
  const known = Object.hasOwn(KINDS, update.action) ? KINDS[update.action] : undefined;
  if (known === undefined)
    throw bad(`Cannot convert metadata update from json. Unrecognized action: ${update.action.slice(0, 100)}`);
  const [error] = faultsOf(known.schema, update);
  if (error !== undefined) {
    throw bad(`Cannot parse update ${update.action}: ${error.instancePath} ${error.message}`);
  }
  known.apply(draft, update, places);
  draft.isChanged = true;
}

type OfSnapshot = { readonly "snapshot-id": number | bigint };

function others(all: readonly OfSnapshot[] | undefined, one: OfSnapshot): readonly OfSnapshot[] {
  return (all ?? []).filter((other) => other["snapshot-id"] !== one["snapshot-id"]);
}

function refOf(update: SnapshotRef): SnapshotRef {
  const limits = ["min-snapshots-to-keep", "max-snapshot-age-ms", "max-ref-age-ms"] as const;
  return {
    "snapshot-id": update["snapshot-id"],
    type: update.type,
    ...Object.fromEntries(limits.filter((name) => update[name] !== undefined).map((name) => [name, update[name]])),
  };
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}
