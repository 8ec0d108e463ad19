import { keyOf, relationOf } from "../domain/iceberg/identifiers.ts";
import { snapshotAsOf } from "../domain/iceberg/metadata.ts";
import { quoteName } from "../domain/names.ts";
import { findChangesCalls } from "../domain/sql-changes.ts";
import { findNestedNames, findReferences, type Reference } from "../domain/sql-references.ts";
import { lakehouseErrors } from "../errors.ts";
import { metadataSelect } from "../metadata-tables.ts";
import { replaced, type Replacement } from "../planner.ts";
import type { ObjectStore, SqlEngine, TableCatalog } from "../ports.ts";
import { changelogSelect, changesSelect } from "../table-changes.ts";
import { readMetadata } from "../table-files.ts";
import { keyFor, namedTable, scanAt } from "./named-tables.ts";

interface ReferencePorts {
  readonly catalog: TableCatalog;
  readonly store: ObjectStore;
  readonly engine: SqlEngine;
}

/** A statement whose tables in nested namespaces are spelled as the engine has them: `"lab.daily".orders`. */
export async function spellNestedNames(catalog: TableCatalog, sql: string): Promise<string> {
  const replacements: Replacement[] = [];
  for (const { parts, from, to } of findNestedNames(sql)) {
    const key = keyOf({ namespace: parts.slice(0, -1), name: parts.at(-1) ?? "" });
    if ((await catalog.get(key)) === undefined) continue;
    const { schema, name } = relationOf(key);
    replacements.push({ from, to, text: `${quoteName(schema)}.${quoteName(name)}` });
  }
  return replaced(sql, replacements);
}

/** A statement with its time travel, metadata tables and changes as subqueries. What names no table here is left to the engine. */
export async function expandReferences(ports: ReferencePorts, sql: string): Promise<string> {
  return expandSpelled(ports, await spellNestedNames(ports.catalog, sql), []);
}

/** The same of one whose nested names are spelled already; some places of it are to be others besides. */
export async function expandSpelled(
  ports: ReferencePorts,
  sql: string,
  planned: readonly Replacement[],
): Promise<string> {
  const replacements = [...planned];
  for (const reference of findReferences(sql)) {
    if (planned.some(({ from }) => from === reference.from)) continue;
    const select = await selectFor(ports, reference);
    if (select === undefined) continue;
    const alias = reference.hasAlias ? "" : ` AS ${quoteName(reference.parts.at(-1) ?? "")}`;
    replacements.push({ from: reference.from, to: reference.to, text: `(${select})${alias}` });
  }
  for (const call of findChangesCalls(sql)) {
    const select = await changesSelect(ports, await namedTable(ports, call.table), call);
    replacements.push({ from: call.start, to: call.end, text: `(${select})` });
  }
  return replaced(sql, replacements);
}

async function selectFor(ports: ReferencePorts, { parts, asOf }: Reference): Promise<string | undefined> {
  const { catalog, store, engine } = ports;
  const named = asOf === undefined ? parts.slice(0, -1) : parts;
  const name = (named.length > 1 && named[0] === "main" ? named.slice(1) : named).join(".");
  const location = (await catalog.get(await keyFor(catalog, name)))?.metadataLocation ?? undefined;
  if (location === undefined) return undefined;
  const metadata = await readMetadata(store, location);
  if (asOf === undefined) {
    const kind = (parts.at(-1) ?? "").toLowerCase();
    return kind === "changes" ? changelogSelect(ports, { name, metadata }) : metadataSelect(store, metadata, kind);
  }
  const snapshot = snapshotAsOf(metadata, asOf);
  if (snapshot === undefined)
    throw lakehouseErrors.create("lakehouse/unknown-snapshot", {
      because:
        asOf.kind === "version"
          ? `${named.join(".")} has no snapshot, tag or branch ${asOf.version}`
          : `${named.join(".")} had no snapshot yet at ${new Date(asOf.atMs).toISOString()}`,
    });
  return scanAt({ store, engine }, metadata, snapshot);
}
