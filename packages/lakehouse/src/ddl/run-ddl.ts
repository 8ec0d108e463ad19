import { isMillError, type Column } from "@millwright/kernel";
import { partitionFields, orderFields } from "../domain/ddl/edit-partitioning.ts";
import { addColumn } from "../domain/ddl/edit-schema.ts";
import type { AlterTable, CreateTable, DdlStatement, TableChange } from "../domain/ddl/statement.ts";
import { updatesOf } from "../domain/ddl/updates-of.ts";
import { refused } from "../domain/dml/cursor.ts";
import { checkIdentifier, keyOf, nameOf, type Identifier } from "../domain/iceberg/identifiers.ts";
import { currentSchema, type IcebergMetadata } from "../domain/iceberg/metadata.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import { checkFragments } from "../dml/check-fragments.ts";
import { runDml, type DmlPorts } from "../dml/run-dml.ts";
import { lakehouseErrors } from "../errors.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import { commitTables } from "../rest/commit-tables.ts";
import { createTable, rename } from "../rest/tables.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { loadTarget, refuseRoadTable } from "../dml/target-table.ts";
import type { CatalogEntry } from "../ports.ts";
import { readMetadata } from "../table-files.ts";

/** What a statement has made of a table. */
export interface TableChanged {
  readonly table: string;
  /** The catalog's keys of the names that mean something else now. */
  readonly keys: readonly string[];
  readonly statement: DdlStatement["kind"];
  readonly isChanged: boolean;
  /** Rows that came with `CREATE TABLE … AS`. */
  readonly inserted: number;
}

const TRIES = 5;

/** Makes, alters or drops a table, in one step of the catalog. */
export async function runDdl(ports: DmlPorts, statement: DdlStatement): Promise<TableChanged> {
  const { parts, kind } = statement;
  const identifier = identifierOf(parts);
  const world = worldOf(ports);
  const done = { table: parts.join("."), keys: [keyOf(identifier)], statement: kind, isChanged: true, inserted: 0 };
  if (statement.kind === "create") return create(ports, { world, identifier, statement, done });
  const present = await ports.catalog.get(keyOf(identifier));
  if (statement.kind === "drop") {
    if (present === undefined && statement.onlyIfThere) return { ...done, isChanged: false };
    refuseRoadTable(done.table, present?.properties ?? {});
    if (present?.kind !== "table") throw unknown(parts);
    await drop(ports, { world, identifier, present });
    return done;
  }
  if (present?.kind !== "table") throw unknown(parts);
  return alter(ports, { world, identifier, statement, done });
}

interface Told<Statement> {
  readonly world: CatalogWorld;
  readonly identifier: Identifier;
  readonly statement: Statement;
  readonly done: TableChanged;
}

async function create(
  ports: DmlPorts,
  { world, identifier, statement, done }: Told<CreateTable>,
): Promise<TableChanged> {
  if ((await ports.catalog.get(keyOf(identifier))) !== undefined) {
    if (statement.onlyIfMissing) return { ...done, isChanged: false };
    throw refused(`there is a table or view ${done.table} already`);
  }
  const schema = statement.query === undefined ? schemaOf(statement) : await schemaOfQuery(ports, statement.query);
  const made = await createTable(world, {
    identifier,
    location: undefined,
    schema,
    spec: { fields: partitionFields(statement.partition, schema) },
    order: { fields: orderFields(statement.order, schema) },
    properties: statement.properties,
  });
  if (statement.query === undefined) return done;
  const target = { parts: statement.parts, alias: "made" };
  const insert = {
    kind: "insert",
    ctes: undefined,
    target,
    columns: undefined,
    byName: false,
    query: statement.query,
  } as const;
  try {
    return { ...done, inserted: (await runDml(ports, insert)).inserted };
  } catch (error) {
    // What another has made of the name, or of the table, meanwhile is not taken away.
    await world.entries.remove(keyOf(identifier), made.metadataLocation);
    throw error;
  }
}

/** Beside writers of the table it is tried anew; another table of the name is left. Throws `lakehouse/commit-conflict`. */
async function drop(
  { catalog, store }: DmlPorts,
  { world, identifier, present }: { world: CatalogWorld; identifier: Identifier; present: CatalogEntry },
): Promise<void> {
  const key = keyOf(identifier);
  const uuidOf = async ({ metadataLocation }: CatalogEntry) =>
    metadataLocation === null ? undefined : (await readMetadata(store, metadataLocation))["table-uuid"];
  let now: CatalogEntry | undefined = present;
  for (let attempt = 1; now?.kind === "table"; attempt += 1) {
    if (await world.entries.remove(key, now.metadataLocation ?? undefined)) return;
    now = await catalog.get(key);
    if (now === undefined) break;
    if (attempt >= TRIES || (await uuidOf(now)) !== (await uuidOf(present)))
      throw lakehouseErrors.create("lakehouse/commit-conflict", {
        because: `${nameOf(identifier)} was changed meanwhile`,
      });
  }
  throw unknown([...identifier.namespace, identifier.name]);
}

function schemaOf({ columns = [] }: CreateTable): IcebergSchema {
  let schema: IcebergSchema = { type: "struct", "schema-id": 0, fields: [] };
  let lastId = 0;
  for (const column of columns) {
    if (column.path.length > 1) throw refused(`${column.path.join(".")}: a column's own name has no dot`);
    ({ schema, lastId } = addColumn(schema, { ...column, required: false }, lastId));
  }
  const required = new Set(columns.filter((column) => column.required).map(({ path }) => path[0]));
  return { ...schema, fields: schema.fields.map((field) => ({ ...field, required: required.has(field.name) })) };
}

async function schemaOfQuery(ports: DmlPorts, query: string): Promise<IcebergSchema> {
  const target = { parts: [], alias: "" };
  await checkFragments(ports.engine, {
    kind: "insert",
    ctes: undefined,
    target,
    columns: undefined,
    byName: false,
    query,
  });
  await ports.see();
  const columns = await ports.engine.describe(await ports.expand(`SELECT * FROM (\n${query}\n) AS given`));
  const fields = columns.map(({ name, type }, index) => ({ id: index + 1, name, required: false, type }));
  return { type: "struct", "schema-id": 0, fields };
}

/** Beside other writers: a change is worked out anew on what they have made of the table. */
async function alter(ports: DmlPorts, { world, identifier, statement, done }: Told<AlterTable>): Promise<TableChanged> {
  const { change } = statement;
  if (change.kind === "rename") {
    const destination = identifierOf(change.to);
    refuseRoadTable(done.table, (await ports.catalog.get(keyOf(identifier)))?.properties ?? {});
    await rename(world, { source: identifier, destination, kind: "Table" });
    return { ...done, keys: [keyOf(identifier), keyOf(destination)] };
  }
  const isChanged = await changeTable(ports, { world, identifier, statement }, ({ properties }) => {
    if (!change.kind.endsWith("properties")) refuseRoadTable(done.table, properties);
    return change;
  });
  return { ...done, isChanged };
}

/**
 * A run's own change to a table that it makes: columns without values at its end, for those that it lacks. Resolves to
 * whether there were any. Throws `lakehouse/unknown-table`.
 */
export function addMissingColumns(ports: LakehousePorts, name: string, columns: readonly Column[]): Promise<boolean> {
  const parts = name.split(".");
  const statement = { world: worldOf(ports), identifier: identifierOf(parts), statement: { parts } };
  return changeTable(ports, statement, (metadata) => {
    const present = new Set(currentSchema(metadata)?.fields.map((field) => field.name));
    const missing = columns.filter((column) => !present.has(column.name));
    return {
      kind: "add-columns",
      columns: missing.map(({ name: column, type }) => ({
        path: [column],
        type,
        required: false,
        doc: undefined,
        place: undefined,
      })),
    };
  });
}

/** What leaves the table its name. */
type InPlace = Exclude<TableChange, { readonly kind: "rename" }>;

type Changed = Omit<Told<Pick<AlterTable, "parts">>, "done">;

/** Resolves to whether the change made another table of it. */
async function changeTable(
  ports: LakehousePorts,
  { world, identifier, statement }: Changed,
  changeOf: (metadata: IcebergMetadata) => InPlace,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const { metadata } = await loadTarget(ports, statement.parts);
    const change = changeOf(metadata);
    const requirements = [
      { type: "assert-table-uuid", uuid: metadata["table-uuid"] },
      { type: "assert-current-schema-id", "current-schema-id": metadata["current-schema-id"] },
      { type: "assert-last-assigned-field-id", "last-assigned-field-id": metadata["last-column-id"] },
      { type: "assert-default-spec-id", "default-spec-id": metadata["default-spec-id"] },
    ];
    const updates = updatesOf(metadata, change);
    if (updates.length === 0) return false;
    try {
      await commitTables(world, [{ identifier, requirements, updates }]);
      return true;
    } catch (error) {
      if (attempt >= TRIES || !isMillError(error) || error.code !== "iceberg/commit-failed") throw error;
    }
  }
}

function identifierOf(parts: readonly string[]): Identifier {
  const namespace = parts.slice(0, -1);
  return checkIdentifier({ namespace: namespace.length === 0 ? ["main"] : namespace, name: parts.at(-1) ?? "" });
}

function unknown(parts: readonly string[]): Error {
  return lakehouseErrors.create("lakehouse/unknown-table", {
    because: `no table is called ${parts.join(".").slice(0, 200)}`,
  });
}

function worldOf({ entries, store, clock, ids, logger }: LakehousePorts): CatalogWorld {
  if (entries === undefined) throw refused("tables are made and altered where the catalog is, and here it is not");
  return { entries, store, clock, ids, logger, changed: () => Promise.resolve() };
}
