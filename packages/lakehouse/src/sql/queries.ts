import type { Column } from "@millwright/kernel";
import { nameParameters, type NamedParameters } from "../domain/sql-parameters.ts";
import { findReferences } from "../domain/sql-references.ts";
import { duckdbType } from "../domain/types.ts";
import { lakehouseErrors } from "../errors.ts";
import { runStatement, type StatementResult } from "../dml/run-statement.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { ManifestCache } from "../manifest-cache.ts";
import { planStatement } from "../planner.ts";
import type { ColumnBatch, QueryOptions, QueryResult, ResultOptions, TableScan } from "../ports.ts";
import { expandReferences, expandSpelled, spellNestedNames } from "./expand-references.ts";
import { explained, explainedParts } from "./explained.ts";
import type { Relations } from "./relations.ts";
import { seeingEngine } from "./seeing-engine.ts";

export interface QueryPorts extends LakehousePorts {
  readonly relations: Relations;
  readonly cache: ManifestCache;
}

/** Statements on their way to the engine. */
export interface Queries {
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /** Runs a statement that changes tables; undefined for a query. */
  change(sql: string, options?: QueryOptions): Promise<StatementResult | undefined>;
  readBytes(sql: string, options: BytesRead): AsyncIterable<Uint8Array>;
  /** One row that is known already, in the same formats. */
  rowBytes(result: QueryResult, options: ResultOptions): AsyncIterable<Uint8Array>;
  explain(sql: string, options?: QueryOptions): Promise<readonly TableScan[]>;
  describe(select: string): Promise<readonly Column[]>;
  readColumns(select: string, options?: { readonly batchRows?: number }): AsyncIterable<ColumnBatch>;
}

type BytesRead = ResultOptions & Pick<QueryOptions, "parameters" | "signal">;

/** What the engine is given in a statement's place. */
interface Prepared {
  readonly statement: string;
  readonly parameters: NamedParameters | undefined;
  readonly scans: readonly TableScan[];
}

export function createQueries(ports: QueryPorts): Queries {
  const { engine, relations } = ports;
  return {
    query: (sql, options = {}) =>
      explained(ports, sql, async () => {
        const { signal, maxRows } = options;
        const { statement, parameters, scans } = await prepare(ports, sql, options);
        return { ...(await engine.within({ parameters, signal }).query(statement, { maxRows })), scans };
      }),
    readBytes: (sql, options) => explainedParts(ports, sql, readBytes(ports, sql, options)),
    rowBytes: (result, { format }) => rowBytes(ports, result, format),
    change: (sql, options) => explained(ports, sql, () => change(ports, sql, options)),
    explain: async (sql, options = {}) => (await prepare(ports, sql, options)).scans,
    describe: async (select) => {
      await relations.see(select);
      return engine.describe(await expandReferences(ports, select));
    },
    readColumns: (select, options) => seeingEngine(engine, relations).readColumns(select, options),
  };
}

async function* readBytes(ports: QueryPorts, sql: string, options: BytesRead): AsyncIterable<Uint8Array> {
  const { formats } = ports.engine.capabilities;
  if (!formats.includes(options.format))
    throw cannot(`it tells rows as ${formats.join(", ")}, not as ${options.format}`);
  const { statement, parameters, scans } = await prepare(ports, sql, options);
  const { format, maxRows, rowsLimit, signal } = options;
  yield* ports.engine.within({ parameters, signal }).readBytes(statement, { format, maxRows, rowsLimit, scans });
}

async function* rowBytes(
  { engine }: QueryPorts,
  result: QueryResult,
  format: ResultOptions["format"],
): AsyncIterable<Uint8Array> {
  if (format === "json") return yield Buffer.from(JSON.stringify(result));
  const {
    columns,
    rows: [row = []],
  } = result;
  const values = columns.map(({ name }, index) => [name, row[index] ?? null] as const);
  const parameters = Object.fromEntries(values) as NamedParameters;
  const select = columns.map((column) => `CAST($${column.name} AS ${duckdbType(column)}) AS ${column.name}`);
  yield* engine.within({ parameters }).readBytes(`SELECT ${select.join(", ")}`, { format });
}

/** Opens no more files than the statement's conditions leave; what it reads whole it reads as it is now. */
async function prepare(
  ports: QueryPorts,
  written: string,
  options: Pick<QueryOptions, "parameters" | "signal">,
): Promise<Prepared> {
  options.signal?.throwIfAborted();
  const named = nameParameters(await spellNestedNames(ports.catalog, written), options.parameters);
  refuseParameters(ports, named.parameters);
  const { sql, parameters } = named;
  const travels = findReferences(sql).filter(({ asOf }) => asOf !== undefined);
  const { replacements, scans, byName } = await planStatement(ports, { sql, travels, parameters });
  await ports.relations.see(sql, byName);
  return { statement: await expandSpelled(ports, sql, replacements), parameters, scans };
}

function change(ports: QueryPorts, written: string, options: QueryOptions = {}): Promise<StatementResult | undefined> {
  const { sql, parameters } = nameParameters(written, options.parameters);
  refuseParameters(ports, parameters);
  const engine = ports.engine.within({ parameters, signal: options.signal });
  const expand = (text: string) => expandReferences({ ...ports, engine }, text);
  return runStatement({ ...ports, engine, parameters, expand, see: (reads = sql) => ports.relations.see(reads) }, sql);
}

function refuseParameters({ engine }: QueryPorts, parameters: NamedParameters | undefined): void {
  if (parameters !== undefined && !engine.capabilities.takesParameters)
    throw cannot("it takes no values beside a statement");
}

function cannot(because: string): Error {
  return lakehouseErrors.create("lakehouse/engine-cannot", { because });
}
