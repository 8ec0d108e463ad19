import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DuckDBInstance, StatementType, type DuckDBConnection, type DuckDBDataChunk } from "@duckdb/node-api";
import type { Column, Problem } from "@millwright/kernel";
import { toProblem } from "@millwright/kernel";
import { quoteText } from "../domain/names.ts";
import { storedType } from "../domain/types.ts";
import { lakehouseErrors } from "../errors.ts";
import type { ColumnBatch, QueryResult } from "../ports.ts";
import type {
  EngineOperation,
  EngineOperations,
  EngineReply,
  EngineRequest,
  EngineSettings,
  SessionResult,
} from "./engine-protocol.ts";
import { sqlError } from "./engine-errors.ts";
import { runSql, streamSql, type SqlStream } from "./engine-parameters.ts";
import { cancelTask, runTask, type EngineTask } from "./engine-tasks.ts";
import { writeFiles, writeParquet } from "./engine-writer.ts";
import { openResult, type OpenResult } from "./engine-results.ts";
import { columnsOf, gatherColumn, sqlValue } from "./engine-values.ts";

// The engine's process: DuckDB and nothing else. It answers its parent and ends with it.

interface Cursor {
  readonly connection: DuckDBConnection;
  readonly stream: SqlStream;
  readonly batchRows: number;
}

type Handlers = {
  [Operation in EngineOperation]: (
    input: EngineOperations[Operation]["input"],
    task: EngineTask,
  ) => Promise<EngineOperations[Operation]["output"]>;
};

let instance: DuckDBInstance | undefined;
let resultFolder = "";
// By ids that no other process gives: who reads from one that has ended finds nothing here, rather than another's rows.
const results = new Map<string, OpenResult>();
const cursors = new Map<string, Cursor>();

const handlers: Handlers = {
  start,
  cancel: ({ id }) => {
    cancelTask(id);
    return Promise.resolve(null);
  },
  query: (input, task) => withConnection(task, (connection) => query(connection, input)),
  run: ({ sql, parameters }, task) =>
    withConnection(task, (connection) => runSql(connection, sql, parameters).then(() => null)),
  session,
  describe: (input, task) => withConnection(task, (connection) => describe(connection, input)),
  open,
  next,
  closeCursor: ({ cursor }) => {
    cursors.get(cursor)?.connection.closeSync();
    cursors.delete(cursor);
    return Promise.resolve(null);
  },
  openResult: beginResult,
  nextPart,
  closeResult,
  writeParquet: (input, task) => withConnection(task, (connection) => writeParquet(connection, input)),
  writeFiles: (input, task) => withConnection(task, (connection) => writeFiles(connection, input)),
};

process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides what becomes of the query.
process.on("SIGINT", () => {});
process.on("message", (request: EngineRequest) => {
  const handler = handlers[request.operation] as (input: unknown, task: EngineTask) => Promise<unknown>;
  runTask(request.id, (task) => handler(request.input, task)).then(
    (output) => reply({ id: request.id, output }),
    (error: unknown) => reply({ id: request.id, problem: problemOf(error) }),
  );
});

function reply(message: EngineReply): void {
  process.send?.(message);
}

function problemOf(error: unknown): Problem {
  return toProblem(error instanceof Error ? sqlError(error) : error);
}

async function start(settings: EngineSettings, task: EngineTask): Promise<null> {
  const { databasePath } = settings;
  instance = await DuckDBInstance.create(databasePath ?? ":memory:", {
    threads: String(settings.threads),
    memory_limit: `${settings.memoryMb}MB`,
    temp_directory: settings.tempFolder,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    // Who works in a database of their own expects a seed's rows in the file's order.
    preserve_insertion_order: databasePath === undefined ? "false" : "true",
  });
  resultFolder = join(settings.tempFolder, "results");
  const folders = [...settings.folders, resultFolder].map(quoteText).join(", ");
  await withConnection(task, async (connection) => {
    // Times without a zone are UTC, whatever the machine's own zone is.
    await connection.run("SET GLOBAL TimeZone = 'UTC'");
    await connection.run(`SET allowed_directories = [${folders}]`);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
  });
  return null;
}

async function withConnection<Result>(
  task: EngineTask,
  work: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  if (instance === undefined) throw new Error("the engine was not started");
  const connection = await instance.connect();
  try {
    task.worksOn(connection);
    return await work(connection);
  } finally {
    connection.closeSync();
  }
}

let standing: DuckDBConnection | undefined;
const SESSION_ROWS_MAX = 1_000_000;

async function session({ sql }: EngineOperations["session"]["input"]): Promise<SessionResult> {
  if (instance === undefined) throw new Error("the engine was not started");
  standing ??= await instance.connect();
  const result = await standing.run(sql);
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
  const rows: QueryResult["rows"][number][] = [];
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const row of chunk.getRows()) rows.push(row.map(sqlValue));
    if (rows.length > SESSION_ROWS_MAX) throw new Error(`more than ${SESSION_ROWS_MAX} rows were asked for at once`);
  }
  return { columns, rows };
}

async function query(
  connection: DuckDBConnection,
  { sql, options, parameters = options.parameters }: EngineOperations["query"]["input"],
): Promise<QueryResult> {
  const maxRows = options.maxRows ?? 10_000;
  const stream = await streamSql(connection, sql, parameters);
  const rows: QueryResult["rows"][number][] = [];
  let truncated = false;
  for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
    for (const row of chunk.getRows()) {
      if (rows.length >= maxRows) truncated = true;
      else rows.push(row.map(sqlValue));
    }
    if (truncated) break;
  }
  return { columns: columnsOf(stream.result), rows, truncated };
}

async function describe(
  connection: DuckDBConnection,
  { select, parameters }: EngineOperations["describe"]["input"],
): Promise<readonly Column[]> {
  const prepared = parameters === undefined ? await preparedColumns(connection, select) : undefined;
  if (prepared !== undefined) return prepared;
  const result = await runSql(connection, `DESCRIBE ${select}`, parameters);
  return (await result.getRows()).map(([name, type]) => ({
    name: String(name),
    type: storedType(String(type), String(name)).iceberg,
  }));
}

/** SHOW and PRAGMA are prepared as if they were a SELECT. */
const SELECT = /^\s*(?:select|with|from|values)\b/i;

/** In a third of the time; undefined for what DESCRIBE must tell, or refuse. */
async function preparedColumns(connection: DuckDBConnection, select: string): Promise<readonly Column[] | undefined> {
  if (!SELECT.test(select)) return undefined;
  try {
    const prepared = await connection.prepare(select);
    if (prepared.statementType !== StatementType.SELECT || prepared.parameterCount > 0) return undefined;
    return Array.from({ length: prepared.columnCount }, (_, index) => {
      const name = prepared.columnName(index);
      return { name, type: storedType(String(prepared.columnType(index)), name).iceberg };
    });
  } catch {
    return undefined;
  }
}

async function open(
  { select, batchRows, parameters }: EngineOperations["open"]["input"],
  task: EngineTask,
): Promise<{ cursor: string }> {
  if (instance === undefined) throw new Error("the engine was not started");
  const connection = await instance.connect();
  try {
    task.worksOn(connection);
    const stream = await streamSql(connection, select, parameters);
    const cursor = randomUUID();
    cursors.set(cursor, { connection, stream, batchRows });
    return { cursor };
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}

async function next({ cursor }: { cursor: string }, task: EngineTask): Promise<ColumnBatch | null> {
  const open = cursors.get(cursor);
  if (open === undefined) throw lost();
  task.worksOn(open.connection);
  const chunks: DuckDBDataChunk[] = [];
  let rows = 0;
  while (rows < open.batchRows) {
    const chunk = await open.stream.next();
    if (chunk === undefined) break;
    chunks.push(chunk);
    rows += chunk.rowCount;
  }
  if (rows === 0) return null;
  const types = open.stream.result.columnTypes();
  const names = open.stream.result.columnNames();
  return {
    rows,
    columns: names.map((name, index) => gatherColumn(chunks, { index, name, duckdbType: String(types[index]), rows })),
  };
}

async function beginResult(
  input: EngineOperations["openResult"]["input"],
  task: EngineTask,
): Promise<{ cursor: string }> {
  if (instance === undefined) throw new Error("the engine was not started");
  const connection = await instance.connect();
  try {
    task.worksOn(connection);
    const cursor = randomUUID();
    results.set(cursor, await openResult(connection, input, resultFolder));
    return { cursor };
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}

async function nextPart({ cursor }: { cursor: string }, task: EngineTask): Promise<Uint8Array | null> {
  const result = results.get(cursor);
  if (result === undefined) throw lost();
  task.worksOn(result.connection);
  return result.next();
}

async function closeResult({ cursor }: { cursor: string }): Promise<null> {
  await results.get(cursor)?.close();
  results.delete(cursor);
  return null;
}

/** What is asked for was begun in a process that is no more. */
function lost(): Error {
  return lakehouseErrors.create("lakehouse/engine-died", { because: "the rest of the rows was lost with it" });
}
