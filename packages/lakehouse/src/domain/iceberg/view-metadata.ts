import { matches, Type } from "@millwright/kernel";
import type { Static } from "typebox";
import { icebergErrors } from "../../iceberg-errors.ts";
import { readSchema } from "./read-schema.ts";
import { canonical, isSameSchema, type IcebergSchema } from "./schema.ts";
import { checkProperties, type Places, type TableUpdate } from "./table-updates.ts";

const Texts = Type.Record(Type.String(), Type.String());

export const ViewVersionSchema = Type.Object({
  "version-id": Type.Integer(),
  "timestamp-ms": Type.Integer(),
  "schema-id": Type.Integer(),
  summary: Texts,
  representations: Type.Array(Type.Object({ type: Type.Literal("sql"), sql: Type.String(), dialect: Type.String() })),
  "default-catalog": Type.Optional(Type.String()),
  "default-namespace": Type.Array(Type.String()),
});

export type ViewVersion = Static<typeof ViewVersionSchema>;

/** The metadata of an Iceberg view, as its specification names the fields. */
export interface ViewMetadata {
  readonly "view-uuid": string;
  readonly "format-version": number;
  readonly location: string;
  readonly schemas: readonly IcebergSchema[];
  readonly "current-version-id": number;
  readonly versions: readonly ViewVersion[];
  readonly "version-log": readonly { readonly "timestamp-ms": number; readonly "version-id": number }[];
  readonly properties: Readonly<Record<string, string>>;
}

interface Draft {
  metadata: ViewMetadata;
  readonly added: Set<number>;
  lastSchema: number | undefined;
  lastVersion: number | undefined;
  logged: ViewMetadata["version-log"][number] | undefined;
}

const HISTORY_MAX = 10;

/** A new view from its first version. */
export function newView(request: {
  readonly uuid: string;
  readonly location: string;
  readonly schema: IcebergSchema;
  readonly version: ViewVersion;
  readonly properties: Readonly<Record<string, string>>;
  readonly nowMs: number;
}): ViewMetadata {
  const empty: ViewMetadata = {
    "view-uuid": request.uuid,
    "format-version": 1,
    location: request.location,
    schemas: [],
    "current-version-id": -1,
    versions: [],
    "version-log": [],
    properties: request.properties,
  };
  const draft: Draft = {
    metadata: empty,
    added: new Set(),
    lastSchema: undefined,
    lastVersion: undefined,
    logged: undefined,
  };
  addSchema(draft, { ...request.schema, "schema-id": 0 });
  addVersion(draft, { ...request.version, "schema-id": -1 });
  setCurrentVersion(draft, -1, request.nowMs);
  return finished(draft, undefined);
}

/** A view after some changes. Throws `iceberg/bad-request`, `iceberg/invalid-change`. */
export function changedView(
  base: ViewMetadata,
  updates: readonly TableUpdate[],
  { nowMs, places }: { readonly nowMs: number; readonly places: Places },
): ViewMetadata {
  const draft: Draft = {
    metadata: base,
    added: new Set(),
    lastSchema: undefined,
    lastVersion: undefined,
    logged: undefined,
  };
  for (const update of updates) apply(draft, update, { nowMs, places });
  return finished(draft, base);
}

function apply(draft: Draft, update: TableUpdate, { nowMs, places }: { nowMs: number; places: Places }): void {
  const { metadata } = draft;
  switch (update.action) {
    case "assign-uuid":
      if (update["uuid"] !== metadata["view-uuid"]) throw bad("Cannot reassign uuid");
      return;
    case "upgrade-format-version":
      if (update["format-version"] !== 1) throw bad("a view has the format version 1");
      return;
    case "add-schema":
      return addSchema(draft, readSchema(update["schema"]));
    case "add-view-version": {
      const version = update["view-version"];
      if (!matches(ViewVersionSchema, version)) throw bad("Cannot parse view version");
      return addVersion(draft, version);
    }
    case "set-current-view-version":
      return setCurrentVersion(draft, Number(update["view-version-id"]), nowMs);
    case "set-location": {
      const location = String(update["location"]);
      places.check(location);
      draft.metadata = { ...metadata, location: location.replace(/\/+$/, "") };
      return;
    }
    case "set-properties": {
      const { updates } = update;
      if (!matches(Texts, updates)) throw bad("properties are texts");
      checkProperties(updates, places);
      draft.metadata = { ...metadata, properties: { ...metadata.properties, ...updates } };
      return;
    }
    case "remove-properties": {
      const gone = new Set(Array.isArray(update["removals"]) ? update["removals"] : []);
      const kept = Object.entries(metadata.properties).filter(([name]) => !gone.has(name));
      draft.metadata = { ...metadata, properties: Object.fromEntries(kept) };
      return;
    }
    default:
      throw bad(`Cannot convert metadata update from json. Unrecognized action: ${update.action.slice(0, 100)}`);
  }
}

function addSchema(draft: Draft, schema: IcebergSchema): void {
  const { schemas } = draft.metadata;
  const same = schemas.find((one) => isSameSchema(one, schema));
  const id = same?.["schema-id"] ?? Math.max(-1, ...schemas.map((one) => one["schema-id"])) + 1;
  draft.lastSchema = id;
  if (same === undefined) draft.metadata = { ...draft.metadata, schemas: [...schemas, { ...schema, "schema-id": id }] };
}

function addVersion(draft: Draft, given: ViewVersion): void {
  const { versions, schemas } = draft.metadata;
  const schemaId = given["schema-id"] === -1 ? draft.lastSchema : given["schema-id"];
  if (schemaId === undefined) throw invalid("Cannot set last added schema: no schema has been added");
  if (!schemas.some((one) => one["schema-id"] === schemaId))
    throw bad(`Cannot add version with unknown schema: ${schemaId}`);
  refuseRepeatedDialects(given);
  const version = { ...given, "schema-id": schemaId };
  const same = versions.find((one) => behaviour(one) === behaviour(version));
  const id = same?.["version-id"] ?? Math.max(version["version-id"], ...versions.map((one) => one["version-id"] + 1));
  draft.lastVersion = id;
  if (same !== undefined) return;
  draft.added.add(id);
  draft.metadata = { ...draft.metadata, versions: [...versions, { ...version, "version-id": id }] };
}

function refuseRepeatedDialects({ representations }: ViewVersion): void {
  const seen = new Set<string>();
  for (const { dialect } of representations) {
    const name = dialect.toLowerCase();
    if (seen.has(name)) throw bad(`Invalid view version: Cannot add multiple queries for dialect ${name}`);
    seen.add(name);
  }
}

/** What a version does, whatever its id and time. */
function behaviour({ "version-id": _id, "timestamp-ms": _at, ...rest }: ViewVersion): string {
  return canonical(rest);
}

function setCurrentVersion(draft: Draft, asked: number, nowMs: number): void {
  const id = asked === -1 ? draft.lastVersion : asked;
  if (id === undefined) throw invalid("Cannot set last version id: no current version id has been set");
  const version = draft.metadata.versions.find((one) => one["version-id"] === id);
  if (version === undefined) throw bad(`Cannot set current version to unknown version: ${id}`);
  if (draft.metadata["current-version-id"] === id) return;
  draft.metadata = { ...draft.metadata, "current-version-id": id };
  draft.logged = { "timestamp-ms": draft.added.has(id) ? version["timestamp-ms"] : nowMs, "version-id": id };
}

function finished({ metadata, added, logged }: Draft, base: ViewMetadata | undefined): ViewMetadata {
  const current = versionOf(metadata);
  if (current === undefined) throw bad("Invalid view: no versions were added");
  if (base !== undefined && metadata.properties["replace.drop-dialect.allowed"] !== "true")
    refuseLostDialects(versionOf(base), current);
  const asked = Number(metadata.properties["version.history.num-entries"] ?? HISTORY_MAX);
  if (!(asked > 0)) throw bad(`version.history.num-entries must be positive but was ${asked}`);
  const kept = keptVersions(metadata, Math.max(asked, new Set([...added, current["version-id"]]).size));
  const ids = new Set(kept.map((one) => one["version-id"]));
  const log = logged === undefined ? metadata["version-log"] : [...metadata["version-log"], logged];
  return { ...metadata, versions: kept, "version-log": afterLastGap(log, ids) };
}

export function versionOf(metadata: ViewMetadata): ViewVersion | undefined {
  return metadata.versions.find((one) => one["version-id"] === metadata["current-version-id"]);
}

function keptVersions(metadata: ViewMetadata, count: number): readonly ViewVersion[] {
  if (metadata.versions.length <= count) return metadata.versions;
  const current = metadata["current-version-id"];
  const newest = metadata.versions
    .map((one) => one["version-id"])
    .filter((id) => id !== current)
    .toSorted((one, other) => other - one)
    .slice(0, count - 1);
  const ids = new Set([current, ...newest]);
  return metadata.versions.filter((one) => ids.has(one["version-id"]));
}

function afterLastGap(log: ViewMetadata["version-log"], ids: ReadonlySet<number>): ViewMetadata["version-log"] {
  return log.slice(log.findLastIndex((one) => !ids.has(one["version-id"])) + 1);
}

function refuseLostDialects(before: ViewVersion | undefined, after: ViewVersion): void {
  const dialects = (version: ViewVersion | undefined) =>
    (version?.representations ?? []).map(({ dialect }) => dialect.toLowerCase());
  const present = new Set(dialects(after));
  const lost = dialects(before).filter((dialect) => !present.has(dialect));
  if (lost.length > 0)
    throw invalid(
      `Cannot replace due to loss of view dialects (replace.drop-dialect.allowed=false): lost ${lost.join(", ")}`,
    );
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}

function invalid(because: string): Error {
  return icebergErrors.create("iceberg/invalid-change", { because });
}
