import type { Column } from "@millwright/kernel";
import { nameParameters, type NamedParameters } from "../domain/sql-parameters.ts";
import { findReferences } from "../domain/sql-references.ts";
import { runStatement, type StatementResult } from "../dml/run-statement.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { ManifestCache } from "../manifest-cache.ts";
import { planStatement } from "../planner.ts";
import type { ColumnBatch, QueryOptions, QueryResult, TableScan } from "../ports.ts";
import { expandReferences, expandSpelled, spellNestedNames } from "./expand-references.ts";
import { explained } from "./explained.ts";
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
  explain(sql: string, options?: QueryOptions): Promise<readonly TableScan[]>;
  describe(select: string): Promise<readonly Column[]>;
  readColumns(select: string, options?: { readonly batchRows?: number }): AsyncIterable<ColumnBatch>;
}

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
        const { statement, parameters, scans } = await prepare(ports, sql, options);
        return { ...(await engine.query(statement, { ...options, parameters })), scans };
      }),
    change: (sql, options) => explained(ports, sql, () => change(ports, sql, options)),
    explain: async (sql, options = {}) => (await prepare(ports, sql, options)).scans,
    describe: async (select) => {
      await relations.see(select);
      return engine.describe(await expandReferences(ports, select));
    },
    readColumns: (select, options) => seeingEngine(engine, relations).readColumns(select, options),
  };
}

/** Opens no more files than the statement's conditions leave; what it reads whole it reads as it is now. */
async function prepare(ports: QueryPorts, written: string, options: QueryOptions): Promise<Prepared> {
  const named = nameParameters(await spellNestedNames(ports.catalog, written), options.parameters);
  const { sql, parameters } = named;
  const travels = findReferences(sql).filter(({ asOf }) => asOf !== undefined);
  const { replacements, scans, byName } = await planStatement(ports, { sql, travels, parameters });
  await ports.relations.see(sql, byName);
  return { statement: await expandSpelled(ports, sql, replacements), parameters, scans };
}

function change(ports: QueryPorts, written: string, options: QueryOptions = {}): Promise<StatementResult | undefined> {
  const { sql, parameters } = nameParameters(written, options.parameters);
  const engine = ports.engine.within({ parameters });
  const expand = (text: string) => expandReferences({ ...ports, engine }, text);
  return runStatement({ ...ports, engine, expand, see: () => ports.relations.see(sql) }, sql);
}
