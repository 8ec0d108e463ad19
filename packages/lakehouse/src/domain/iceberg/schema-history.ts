import { columnsOf, type IcebergMetadata } from "./metadata.ts";
import { fieldsIn, type FieldIn, type IcebergSchema } from "./schema.ts";
import type { Column } from "@millwright/kernel";

/** What became of one column, or of a field within one: `address.zip`. */
export interface SchemaChange {
  readonly kind: "added" | "dropped" | "renamed" | "retyped" | "moved" | "optional" | "required" | "described";
  /** Its name afterwards; of one that was dropped, its last. */
  readonly column: string;
  /** Of one renamed its name before, of one of another type that type; else null. */
  readonly before: string | null;
  /** Its type afterwards; of one that was dropped, its last. */
  readonly type: string;
  /** Whether rows from before keep their values: of a column by the same field id. */
  readonly keepsValues: boolean;
}

/** A set of columns that the table had, and how it came of the one before. */
export interface SchemaSince {
  readonly schemaId: number;
  /** The first snapshot of it; null while none has been written with it. */
  readonly snapshotId: string | null;
  readonly sinceMs: number | null;
  readonly columns: readonly Column[];
  readonly changes: readonly SchemaChange[];
}

/** The sets of columns in the order in which the table had them; one that was had again is there again. */
export function schemaHistoryOf(metadata: IcebergMetadata): readonly SchemaSince[] {
  const byId = new Map(metadata.schemas.map((schema) => [schema["schema-id"], schema]));
  const history: SchemaSince[] = [];
  const add = (
    schema: IcebergSchema | undefined,
    first?: { readonly snapshotId: string; readonly sinceMs: number },
  ) => {
    if (schema === undefined) return;
    const last = history.at(-1)?.schemaId;
    if (last === schema["schema-id"]) return;
    const before = last === undefined ? undefined : byId.get(last);
    history.push({
      schemaId: schema["schema-id"],
      snapshotId: first?.snapshotId ?? null,
      sinceMs: first?.sinceMs ?? null,
      columns: columnsOf(schema),
      changes: before === undefined ? [] : schemaChanges(before, schema),
    });
  };
  const written = new Set(metadata.snapshots.map((one) => one["schema-id"] ?? metadata["current-schema-id"]));
  const isTold = (id: number) => history.some(({ schemaId }) => schemaId === id);
  // Those that lay between two that rows were written with.
  const addSkipped = (to: number) => {
    const from = history.at(-1)?.schemaId ?? to;
    for (let id = from + 1; id < to; id += 1) if (!written.has(id) && !isTold(id)) add(byId.get(id));
  };
  for (const snapshot of metadata.snapshots) {
    const id = snapshot["schema-id"] ?? metadata["current-schema-id"];
    addSkipped(id);
    add(byId.get(id), { snapshotId: String(snapshot["snapshot-id"]), sinceMs: snapshot["timestamp-ms"] });
  }
  addSkipped(metadata["current-schema-id"]);
  add(byId.get(metadata["current-schema-id"]));
  return history;
}

/** What became of the columns from one schema to another: by field id, so that a rename is told from a new column. */
export function schemaChanges(before: IcebergSchema, after: IcebergSchema): readonly SchemaChange[] {
  const [old, now] = [fieldsIn(before), fieldsIn(after)];
  const [oldById, nowById] = [old, now].map((fields) => new Map(fields.map((field) => [field.id, field])));
  const oldNames = new Map(old.map((field) => [field.name, field]));
  const nowNames = new Set(now.filter(({ id }) => oldById?.has(id) !== true).map(({ name }) => name));
  const dropped = old
    // What went with the column around it, and what another took the place of, is told there.
    .filter(({ id, name, parent }) => nowById?.has(id) !== true && !nowNames.has(name) && isThere(parent, nowById))
    .map(({ name, type }) => change("dropped", { column: name, type }, false));
  const others = now
    .filter(({ parent }) => isThere(parent, oldById))
    .flatMap((field): readonly SchemaChange[] => {
      const same = oldById?.get(field.id);
      if (same !== undefined) return changesOf(same, field);
      const replaced = oldNames.get(field.name);
      const { name: column, type } = field;
      if (replaced === undefined) return [change("added", { column, type }, true)];
      return [change("retyped", { column, type, before: replaced.type }, false)];
    });
  return [...others, ...dropped, ...moves(before, after)];
}

function isThere(id: number | undefined, fields: ReadonlyMap<number, FieldIn> | undefined): boolean {
  return id === undefined || fields?.has(id) === true;
}

/** Of a field that both have. A type within which a field changed is told by that field alone. */
function changesOf(old: FieldIn, now: FieldIn): readonly SchemaChange[] {
  const { name: column, type } = now;
  const found: SchemaChange[] = [];
  if (lastOf(old.name) !== lastOf(column)) found.push(change("renamed", { column, type, before: old.name }, true));
  if (old.isPrimitive && now.isPrimitive && old.type !== type)
    found.push(change("retyped", { column, type, before: old.type }, true));
  if (old.required !== now.required) found.push(change(now.required ? "required" : "optional", { column, type }, true));
  if ((old.doc ?? "") !== (now.doc ?? "")) found.push(change("described", { column, type }, true));
  return found;
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** The columns that stand elsewhere among those that both have: as few as say it. */
function moves(before: IcebergSchema, after: IcebergSchema): readonly SchemaChange[] {
  const place = new Map(before.fields.map(({ id }, index) => [id, index]));
  const kept = fieldsIn(after).filter(({ id, parent }) => parent === undefined && place.has(id));
  const stay = longestRising(kept.map(({ id }) => place.get(id) ?? 0));
  return kept.flatMap(({ name: column, type }, index) =>
    stay.has(index) ? [] : [change("moved", { column, type }, true)],
  );
}

/** The indexes of a longest rising subsequence. */
function longestRising(values: readonly number[]): ReadonlySet<number> {
  const best: { length: number; before: number }[] = [];
  for (const [index, value] of values.entries()) {
    let found = { length: 1, before: -1 };
    for (let before = 0; before < index; before += 1) {
      const one = best[before];
      if (one !== undefined && (values[before] ?? 0) < value && one.length + 1 > found.length)
        found = { length: one.length + 1, before };
    }
    best.push(found);
  }
  const longest = Math.max(0, ...best.map(({ length }) => length));
  const taken = new Set<number>();
  for (let at = best.findIndex(({ length }) => length === longest); at >= 0; at = best[at]?.before ?? -1) taken.add(at);
  return taken;
}

function change(
  kind: SchemaChange["kind"],
  { column, type, before = null }: { readonly column: string; readonly type: string; readonly before?: string | null },
  keepsValues: boolean,
): SchemaChange {
  return { kind, column, before, type, keepsValues };
}
