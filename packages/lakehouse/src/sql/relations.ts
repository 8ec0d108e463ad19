import { isMillError, type Logger } from "@millwright/kernel";
import { displayOf, relationOf } from "../domain/iceberg/identifiers.ts";
import { namesByText, speaksOfAll, wordsIn } from "../domain/sql-words.ts";
import type { CatalogEntry, ObjectStore, SqlEngine, TableCatalog } from "../ports.ts";
import { readMetadata, refusalOf, scanOf } from "../table-files.ts";

export interface RelationPorts {
  readonly catalog: TableCatalog;
  readonly store: ObjectStore;
  readonly engine: SqlEngine;
  readonly logger: Logger;
}

/** The tables and views as the engine has them by name. */
export interface Relations {
  /**
   * Has the engine know what a statement names as the catalog has it at this moment, whoever wrote it. `keys`, where they
   * are known, are all that it reads by name.
   */
  see(sql: string, keys?: readonly string[]): Promise<void>;
}

const VIEWS_DEEP_MAX = 20;

/**
 * A table is told to the engine when a statement names it and has changed since it was told last: what nobody asks for costs
 * nothing, neither when the lake is opened nor when it is written.
 */
export function createRelations(ports: RelationPorts): Relations {
  const { engine, logger } = ports;
  /** By key the state that the engine was told. */
  const told = new Map<string, string>();
  /** One after another and from the catalog as it then is: the engine never ends up with an older state. */
  let telling: Promise<void> = Promise.resolve();
  const changesFor = async (read: Read): Promise<readonly Change[]> => {
    const found = await statesFor(ports, read);
    const changed = [...found.values()].filter(({ entry, state }) => told.get(entry.name) !== state);
    const missing = [...told.keys()].filter(
      (key) => !found.has(key) && read.words.has(relationOf(key).name.toLowerCase()),
    );
    // What is named and not read by its name stays: another statement may be about to.
    const present = read.keys === undefined ? [] : await Promise.all(missing.map((key) => ports.catalog.get(key)));
    const gone = missing.filter((_, index) => present[index] === undefined);
    return [...changed.map((one) => ({ key: one.entry.name, ...one })), ...gone.map((key) => ({ key }))];
  };
  const tell = async ({ key, entry, state }: Change): Promise<void> => {
    told.delete(key);
    if (entry === undefined || state === undefined) return engine.setRelation(key, undefined);
    try {
      await engine.setRelation(key, await selectOf(ports, entry));
      told.set(key, state);
    } catch (error) {
      // What no longer stands, or has lost a file, is refused to whoever asks it, and does not keep the others from being asked.
      if (!isMillError(error) || error.code !== "lakehouse/sql-error") throw error;
      logger.warn({ err: error, relation: displayOf(key) }, "a relation does not stand");
      await engine.setRelation(key, entry.kind === "view" ? undefined : refusalOf(error.because, entry.columns));
    }
  };
  return {
    see: async (sql, keys) => {
      const read = { sql, words: wordsIn(sql), keys: namesByText(sql) ? undefined : keys };
      if ((await changesFor(read)).length === 0) return;
      const next = telling.then(async () => {
        for (const change of await changesFor(read)) await tell(change);
      });
      telling = next.catch(() => undefined);
      await next;
    },
  };
}

interface Read {
  readonly sql: string;
  readonly words: ReadonlySet<string>;
  readonly keys: readonly string[] | undefined;
}

/** A name that the engine is to know otherwise: as what it is now, or not at all. */
interface Change {
  readonly key: string;
  readonly entry?: CatalogEntry;
  readonly state?: string;
}

interface Found {
  readonly entry: CatalogEntry;
  /** Another text for each state that the engine must be told of. */
  readonly state: string;
}

/** What a statement reads by name, and what the views among it lead to: before each view what it stands on. */
async function statesFor({ catalog }: RelationPorts, { sql, words, keys }: Read): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  /** A view is another when what it stands on is: its columns may be others. */
  const partsOf = new Map<string, ReadonlySet<string>>();
  const add = async (entry: CatalogEntry, depth: number): Promise<ReadonlySet<string>> => {
    const known = partsOf.get(entry.name);
    if (known !== undefined || depth > VIEWS_DEEP_MAX) return known ?? new Set();
    const own = entry.kind === "view" ? entry.sql : entry.metadataLocation;
    const parts = new Set(own === null ? [] : [own]);
    partsOf.set(entry.name, parts);
    if (entry.kind === "view" && entry.sql !== null)
      for (const one of await catalog.named(wordsIn(entry.sql)))
        for (const part of await add(one, depth + 1)) parts.add(part);
    if (own !== null) found.set(entry.name, { entry, state: [...parts].join("\0") });
    return parts;
  };
  for (const entry of await entriesOf(catalog, { sql, words, keys })) await add(entry, 0);
  return found;
}

async function entriesOf(catalog: TableCatalog, { sql, words, keys }: Read): Promise<readonly CatalogEntry[]> {
  if (speaksOfAll(sql)) return catalog.list();
  if (keys === undefined) return catalog.named(words);
  return (await Promise.all(keys.map((key) => catalog.get(key)))).filter((entry) => entry !== undefined);
}

async function selectOf(ports: RelationPorts, entry: CatalogEntry): Promise<string> {
  if (entry.kind === "view" || entry.metadataLocation === null) return entry.sql ?? "";
  return scanOrRefusal(ports, entry, entry.metadataLocation);
}

/** A table that cannot be read is not there for whoever asks it, and does not keep the others from being asked. */
async function scanOrRefusal(
  { store, engine, logger }: RelationPorts,
  entry: CatalogEntry,
  location: string,
): Promise<string> {
  try {
    return await scanOf({ store, engine }, await readMetadata(store, location));
  } catch (error) {
    logger.error({ err: error, table: displayOf(entry.name) }, "a table cannot be read");
    return refusalOf(
      isMillError(error) ? `${error.code}: ${error.because}` : "the table cannot be read",
      entry.columns,
    );
  }
}
