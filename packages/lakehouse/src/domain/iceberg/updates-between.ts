import type { IcebergMetadata } from "./metadata.ts";
import type { Requirement } from "./requirements.ts";
import { canonical } from "./schema.ts";
import type { TableUpdate } from "./table-updates.ts";

/** What a catalog is asked for a table to become another, and what must hold of it for that. */
export interface CommitOf {
  readonly requirements: readonly Requirement[];
  readonly updates: readonly TableUpdate[];
}

/**
 * The commit of Iceberg's REST protocol that makes a table what `after` says of it. Ids of schemas, partition specs and sort
 * orders come out as they stand in `after`, since the requirements hold the catalog to the state that they were counted
 * from. Without `before` the table is created.
 */
export function updatesBetween(before: IcebergMetadata | undefined, after: IcebergMetadata): CommitOf {
  const updates = [
    ...identityUpdates(before, after),
    ...schemaUpdates(before, after),
    ...specUpdates(before, after),
    ...orderUpdates(before, after),
    ...placeUpdates(before, after),
    ...propertyUpdates(before?.properties ?? {}, after.properties),
    ...snapshotUpdates(before, after),
    ...statisticsUpdates(before, after),
  ];
  return { requirements: requirementsOf(before, after), updates };
}

function requirementsOf(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly Requirement[] {
  if (before === undefined) return [{ type: "assert-create" }];
  const names = new Set([...Object.keys(before.refs), ...Object.keys(after.refs)]);
  const kept = new Set(after.snapshots.map((one) => one["snapshot-id"]));
  const forgets = before.snapshots.some((one) => !kept.has(one["snapshot-id"]));
  // What is forgotten was held against every ref: none may lead to it by now.
  const moved = [...names].filter((name) => forgets || canonical(before.refs[name]) !== canonical(after.refs[name]));
  return [
    { type: "assert-table-uuid", uuid: before["table-uuid"] },
    { type: "assert-current-schema-id", "current-schema-id": before["current-schema-id"] },
    { type: "assert-last-assigned-field-id", "last-assigned-field-id": before["last-column-id"] },
    { type: "assert-default-spec-id", "default-spec-id": before["default-spec-id"] },
    { type: "assert-last-assigned-partition-id", "last-assigned-partition-id": before["last-partition-id"] },
    { type: "assert-default-sort-order-id", "default-sort-order-id": before["default-sort-order-id"] },
    // Main's state is what every change was worked out from.
    ...[...new Set(["main", ...moved])].map((ref) => ({
      type: "assert-ref-snapshot-id",
      ref,
      "snapshot-id": before.refs[ref]?.["snapshot-id"] ?? null,
    })),
  ];
}

function identityUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  const updates: TableUpdate[] = [];
  if (before === undefined) updates.push({ action: "assign-uuid", uuid: after["table-uuid"] });
  if (before?.["format-version"] !== after["format-version"])
    updates.push({ action: "upgrade-format-version", "format-version": after["format-version"] });
  return updates;
}

function schemaUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  const known = new Set(before?.schemas.map((one) => one["schema-id"]));
  const lastColumnId = after["last-column-id"];
  const updates: TableUpdate[] = after.schemas
    .filter((one) => !known.has(one["schema-id"]))
    .map((schema) => ({ action: "add-schema", schema, "last-column-id": lastColumnId }));
  const current = after["current-schema-id"];
  if (before?.["current-schema-id"] !== current) updates.push({ action: "set-current-schema", "schema-id": current });
  return updates;
}

function specUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  const known = new Set(before?.["partition-specs"].map((one) => one["spec-id"]));
  const updates: TableUpdate[] = after["partition-specs"]
    .filter((one) => !known.has(one["spec-id"]))
    .map((spec) => ({ action: "add-spec", spec }));
  const id = after["default-spec-id"];
  if (before?.["default-spec-id"] !== id) updates.push({ action: "set-default-spec", "spec-id": id });
  return updates;
}

function orderUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  const known = new Set(before?.["sort-orders"].map((one) => one["order-id"]));
  const updates: TableUpdate[] = after["sort-orders"]
    .filter((one) => !known.has(one["order-id"]))
    .map((order) => ({ action: "add-sort-order", "sort-order": order }));
  const id = after["default-sort-order-id"];
  if (before?.["default-sort-order-id"] !== id) updates.push({ action: "set-default-sort-order", "sort-order-id": id });
  return updates;
}

function placeUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  return before?.location === after.location ? [] : [{ action: "set-location", location: after.location }];
}

type Texts = Readonly<Record<string, string>>;

function propertyUpdates(before: Texts, after: Texts): readonly TableUpdate[] {
  const set = Object.entries(after).filter(([name, value]) => before[name] !== value);
  const removals = Object.keys(before).filter((name) => after[name] === undefined);
  const updates: TableUpdate[] = [];
  if (set.length > 0) updates.push({ action: "set-properties", updates: Object.fromEntries(set) });
  if (removals.length > 0) updates.push({ action: "remove-properties", removals });
  return updates;
}

function snapshotUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  const known = new Set(before?.snapshots.map((one) => one["snapshot-id"]));
  const kept = new Set(after.snapshots.map((one) => one["snapshot-id"]));
  const gone = [...known].filter((id) => !kept.has(id));
  const added = after.snapshots.filter((one) => !known.has(one["snapshot-id"]));
  const lost = Object.keys(before?.refs ?? {}).filter((name) => after.refs[name] === undefined);
  const set = Object.entries(after.refs).filter(([name, ref]) => canonical(before?.refs[name]) !== canonical(ref));
  return [
    ...added.map((snapshot) => ({ action: "add-snapshot", snapshot })),
    ...set.map(([name, ref]) => ({ action: "set-snapshot-ref", "ref-name": name, ...ref })),
    ...lost.map((name) => ({ action: "remove-snapshot-ref", "ref-name": name })),
    ...(gone.length === 0 ? [] : [{ action: "remove-snapshots", "snapshot-ids": gone }]),
  ];
}

const KINDS = [
  { field: "statistics", set: "set-statistics", remove: "remove-statistics" },
  { field: "partition-statistics", set: "set-partition-statistics", remove: "remove-partition-statistics" },
] as const;

/** Those of snapshots that go, go with them. */
function statisticsUpdates(before: IcebergMetadata | undefined, after: IcebergMetadata): readonly TableUpdate[] {
  const kept = new Set(after.snapshots.map((one) => one["snapshot-id"]));
  return KINDS.flatMap(({ field, set, remove }) => {
    const old = before?.[field] ?? [];
    const fresh = after[field] ?? [];
    const known = new Set(old.map((one) => canonical(one)));
    const present = new Set(fresh.map((one) => one["snapshot-id"]));
    const lost = old.filter((one) => kept.has(one["snapshot-id"]) && !present.has(one["snapshot-id"]));
    return [
      ...fresh
        .filter((one) => !known.has(canonical(one)))
        .map((one) => ({ action: set, "snapshot-id": one["snapshot-id"], [field]: one })),
      ...lost.map((one) => ({ action: remove, "snapshot-id": one["snapshot-id"] })),
    ];
  });
}
