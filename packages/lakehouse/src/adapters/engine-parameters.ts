import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  ResultReturnType,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBDataChunk,
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

/** A statement whose rows are fetched one chunk after another. */
export interface SqlStream {
  readonly result: DuckDBResult;
  /** Undefined after the last. Throws what has ended the statement before. */
  next(): Promise<DuckDBDataChunk | undefined>;
}

/** Begins a statement. */
export async function streamSql(
  connection: DuckDBConnection,
  sql: string,
  parameters: SqlParameters | undefined,
): Promise<SqlStream> {
  const result =
    parameters === undefined
      ? await connection.stream(sql)
      : await (await prepareStatement(connection, sql, parameters)).stream();
  let isDone = false;
  return {
    result,
    next: async () => {
      // Asked for more, a result that has ended is no longer valid either.
      if (isDone) return undefined;
      const chunk = await result.fetchChunk();
      if (chunk !== null && chunk.rowCount > 0) return chunk;
      isDone = true;
      // Where rows are fetched the library tells no error: the result is no longer valid, and looks as if it had ended.
      if (result.returnType === ResultReturnType.INVALID) throw await whatEnded(connection, sql, parameters);
      return undefined;
    },
  };
}

/** The error of a statement that broke off among its rows: it is run once more, without giving them. */
async function whatEnded(
  connection: DuckDBConnection,
  sql: string,
  parameters: SqlParameters | undefined,
): Promise<Error> {
  try {
    await runSql(connection, `EXPLAIN ANALYZE ${sql}`, parameters);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return new Error("the statement broke off among its rows");
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
