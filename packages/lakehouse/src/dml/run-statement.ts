import { readDml } from "../domain/dml/read-dml.ts";
import { readDdl } from "../domain/ddl/read-ddl.ts";
import { runDdl } from "../ddl/run-ddl.ts";
import { refuseUnlessQuery } from "../domain/dml/statement-kind.ts";
import type { QueryResult, SqlValue } from "../ports.ts";
import { runDml, type DmlPorts } from "./run-dml.ts";

/** What a statement that changes tables answers: one row. */
export interface StatementResult {
  readonly result: QueryResult;
  /** The keys of the tables that are others now. */
  readonly changed: readonly string[];
}

/** Runs a statement that changes a table; undefined for a query. Throws `lakehouse/unsupported-statement`. */
export async function runStatement(ports: DmlPorts, sql: string): Promise<StatementResult | undefined> {
  const dml = readDml(sql);
  if (dml !== undefined) {
    const { statement, table, key, snapshotId, inserted, updated, deleted } = await runDml(ports, dml);
    const row = { statement, table, inserted, updated, deleted, snapshot_id: snapshotId };
    return { result: rowOf(row), changed: snapshotId === null ? [] : [key] };
  }
  const ddl = readDdl(sql);
  if (ddl !== undefined) {
    const { statement, table, keys, isChanged, inserted } = await runDdl(ports, ddl);
    return { result: rowOf({ statement, table, changed: isChanged, inserted }), changed: isChanged ? keys : [] };
  }
  refuseUnlessQuery(sql);
  return undefined;
}

function rowOf(row: Readonly<Record<string, SqlValue>>): QueryResult {
  const columns = Object.entries(row).map(([name, value]) => ({
    name,
    type: typeof value === "number" ? "long" : typeof value === "boolean" ? "boolean" : "string",
  }));
  return { columns, rows: [Object.values(row)], truncated: false };
}
