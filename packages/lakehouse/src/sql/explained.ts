import { wordsIn } from "../domain/sql-words.ts";
import { fileFault } from "../file-faults.ts";
import type { ObjectStore, SqlEngine, TableCatalog } from "../ports.ts";
import { readMetadata } from "../table-files.ts";

interface Ports {
  readonly catalog: TableCatalog;
  readonly store: ObjectStore;
  readonly engine: SqlEngine;
}

const TABLES_MAX = 20;

/** Does what a statement asks; where a file of a table that it names is at fault, that is what it fails with. */
export async function explained<Result>(ports: Ports, sql: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw await faultBehind(ports, sql, error);
  }
}

/** The same of what comes part by part. */
export async function* explainedParts<Part>(
  ports: Ports,
  sql: string,
  parts: AsyncIterable<Part>,
): AsyncIterable<Part> {
  try {
    yield* parts;
  } catch (error) {
    throw await faultBehind(ports, sql, error);
  }
}

async function faultBehind({ catalog, store, engine }: Ports, sql: string, error: unknown): Promise<unknown> {
  const entries = (await catalog.named(wordsIn(sql))).filter(({ metadataLocation }) => metadataLocation !== null);
  for (const { metadataLocation } of entries.slice(0, TABLES_MAX)) {
    const metadata = await readMetadata(store, metadataLocation ?? "").catch(() => undefined);
    const fault = metadata === undefined ? error : await fileFault({ store, engine }, metadata, error);
    if (fault !== error) return fault;
  }
  return error;
}
