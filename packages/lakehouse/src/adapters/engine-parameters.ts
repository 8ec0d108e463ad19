import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBMaterializedResult,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { ParameterValue, SqlParameters, TypedParameter } from "../domain/sql-parameters.ts";
import { duckdbType } from "../domain/types.ts";

/** Runs a statement to its end. */
export async function runSql(
  connection: DuckDBConnection,
  sql: string,
  parameters: SqlParameters | undefined,
): Promise<DuckDBMaterializedResult> {
  return parameters === undefined ? connection.run(sql) : (await prepareStatement(connection, sql, parameters)).run();
}

/** Begins a statement whose rows are fetched one chunk after another. */
export async function streamSql(
  connection: DuckDBConnection,
  sql: string,
  parameters: SqlParameters | undefined,
): Promise<DuckDBResult> {
  return parameters === undefined
    ? connection.stream(sql)
    : (await prepareStatement(connection, sql, parameters)).stream();
}

/** Runs all but the last of some statements, and prepares the last with its parameters. Values that it does not name are left. */
async function prepareStatement(
  connection: DuckDBConnection,
  sql: string,
  parameters: SqlParameters,
): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(sql);
  for (let index = 0; index < statements.count - 1; index += 1) await (await statements.prepare(index)).run();
  const prepared = await statements.prepare(statements.count - 1);
  const values = new Map<string, ParameterValue>(
    Array.isArray(parameters)
      ? (parameters as readonly ParameterValue[]).map((value, index) => [String(index + 1), value])
      : Object.entries(parameters),
  );
  for (let place = 1; place <= prepared.parameterCount; place += 1) {
    const value = values.get(prepared.parameterName(place));
    if (value === undefined) continue;
    const bound = await boundValue(connection, value);
    if (bound === null) prepared.bindNull(place);
    else prepared.bindValue(place, bound.value, bound.type);
  }
  return prepared;
}

interface BoundValue {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

async function boundValue(connection: DuckDBConnection, value: ParameterValue): Promise<BoundValue | null> {
  if (value === null) return null;
  if (typeof value === "boolean") return { value, type: BOOLEAN };
  if (typeof value === "bigint") return { value, type: BIGINT };
  if (typeof value === "string") return { value, type: VARCHAR };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { value: BigInt(value), type: BIGINT } : { value, type: DOUBLE };
  return typedValue(connection, value);
}

/** The engine itself reads the text as the type: what it takes is what it takes in a statement. */
async function typedValue(connection: DuckDBConnection, typed: TypedParameter): Promise<BoundValue | null> {
  if (typed.value === null) return null;
  const type = duckdbType({ name: "of a parameter", type: typed.type });
  const prepared = await connection.prepare(`SELECT CAST($1 AS ${type})`);
  prepared.bindVarchar(1, String(typed.value));
  const result = await prepared.run();
  const [row] = await result.getRows();
  const [logical] = result.columnTypes();
  const value = row?.[0];
  if (value === undefined || value === null || logical === undefined) return null;
  return { value, type: logical };
}
