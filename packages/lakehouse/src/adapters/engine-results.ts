import { randomUUID } from "node:crypto";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { quoteText } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { ResultOptions } from "../ports.ts";
import type { ChunkPart } from "./arrow/arrow-columns.ts";
import { bytesInChunk } from "./chunk-bytes.ts";
import { runSql, streamSql, type SqlStream } from "./engine-parameters.ts";
import type { EngineOperations } from "./engine-protocol.ts";
import { encoderFor } from "./result-encoders.ts";

/** A result on its way out, part by part. */
export interface OpenResult {
  readonly connection: DuckDBConnection;
  /** Null after the last. */
  next(): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

const PART_BYTES = 2 ** 20;

/** Begins a statement. Parquet is written to a file first, below the folder: its footer tells of all rows. */
export async function openResult(
  connection: DuckDBConnection,
  { sql, parameters, options }: EngineOperations["openResult"]["input"],
  folder: string,
): Promise<OpenResult> {
  if (options.format === "parquet") return parquetResult(connection, { sql, parameters, options }, folder);
  const parts = encodedParts(await streamSql(connection, sql, parameters), options);
  return {
    connection,
    next: async () => (await parts.next()).value ?? null,
    close: async () => {
      await parts.return(undefined);
      connection.closeSync();
    },
  };
}

async function* encodedParts(stream: SqlStream, options: ResultOptions): AsyncGenerator<Uint8Array, undefined> {
  const { result } = stream;
  const encoder = encoderFor(options, result);
  const { maxRows = Number.POSITIVE_INFINITY, rowsLimit = Number.POSITIVE_INFINITY } = options;
  let before: Uint8Array = encoder.head();
  let pending: ChunkPart[] = [];
  let [rows, pendingBytes, isTruncated] = [0, 0, false];
  const flush = () => {
    const part = Buffer.concat([before, encoder.rows(pending)]);
    [before, pending, pendingBytes] = [new Uint8Array(), [], 0];
    return part;
  };
  while (!isTruncated) {
    const chunk = await stream.next();
    if (chunk === undefined) break;
    const taken = Math.min(chunk.rowCount, maxRows - rows);
    isTruncated = taken < chunk.rowCount;
    rows += taken;
    if (rows > rowsLimit) throw tooMany(rowsLimit);
    if (taken > 0) pending.push({ chunk, rows: taken });
    pendingBytes += bytesInChunk(chunk);
    if (pendingBytes >= PART_BYTES) yield flush();
  }
  yield Buffer.concat([flush(), encoder.tail(isTruncated)]);
  return undefined;
}

async function parquetResult(
  connection: DuckDBConnection,
  { sql, parameters, options }: EngineOperations["openResult"]["input"],
  folder: string,
): Promise<OpenResult> {
  const path = `${folder}/${randomUUID()}.parquet`;
  await mkdir(dirname(path), { recursive: true });
  let file: FileHandle | undefined;
  const close = async () => {
    await file?.close();
    connection.closeSync();
  };
  try {
    await writeParquetResult(connection, { sql, parameters, options }, path);
    file = await open(path);
    // Nothing of it is left whatever ends this process.
    await rm(path);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  const opened = file;
  return {
    connection,
    next: async () => {
      const { bytesRead, buffer } = await opened.read(Buffer.alloc(PART_BYTES), 0, PART_BYTES);
      return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
    },
    close,
  };
}

async function writeParquetResult(
  connection: DuckDBConnection,
  { sql, parameters, options }: EngineOperations["openResult"]["input"],
  path: string,
): Promise<void> {
  const { maxRows, rowsLimit } = options;
  const most = Math.min(maxRows ?? Number.POSITIVE_INFINITY, (rowsLimit ?? Number.POSITIVE_INFINITY) + 1);
  const limit = Number.isFinite(most) ? ` LIMIT ${most}` : "";
  const copied = await runSql(
    connection,
    `COPY (SELECT * FROM (${sql.replace(/;\s*$/, "")}\n)${limit}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true)`,
    parameters,
  );
  const [[rows] = []] = await copied.getRows();
  if (rowsLimit !== undefined && Number(rows) > rowsLimit) throw tooMany(rowsLimit);
}

function tooMany(rowsLimit: number): Error {
  return lakehouseErrors.create("lakehouse/too-many-rows", { because: `it has more than ${rowsLimit} rows` });
}
