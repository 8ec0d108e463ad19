import type { Column, Problem } from "@millwright/kernel";
import type { SqlParameters } from "../domain/sql-parameters.ts";
import type {
  ColumnBatch,
  FieldIds,
  FileColumn,
  QueryOptions,
  QueryResult,
  ResultOptions,
  WrittenFile,
} from "../ports.ts";

/** How the engine's process is set up, once, before it locks its configuration. */
export interface EngineSettings {
  /** Folders below which it may read and write files; nothing else on the machine is open to it. */
  readonly folders: readonly string[];
  readonly tempFolder: string;
  readonly memoryMb: number;
  readonly threads: number;
  /** A database file to work in; absent: nothing but memory. */
  readonly databasePath?: string;
  /** Where relative paths in SQL start; absent: where this process stands. */
  readonly workingFolder?: string;
}

/** What a statement of a session answered, by the engine's own type names. */
export interface SessionResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: QueryResult["rows"];
}

/** Values for the parameters that the statement names; it need not name them all. */
interface Parameters {
  readonly parameters?: SqlParameters | undefined;
}

export interface EngineOperations {
  start: { input: EngineSettings; output: null };
  /** Ends what was asked by this number, wherever it is. */
  cancel: { input: { id: number }; output: null };
  query: { input: Parameters & { sql: string; options: QueryOptions }; output: QueryResult };
  run: { input: Parameters & { sql: string }; output: null };
  session: { input: { sql: string }; output: SessionResult };
  describe: { input: Parameters & { select: string }; output: readonly Column[] };
  open: { input: Parameters & { select: string; batchRows: number }; output: { cursor: string } };
  next: { input: { cursor: string }; output: ColumnBatch | null };
  closeCursor: { input: { cursor: string }; output: null };
  /** Begins a statement whose rows come as bytes of a format, as many parts as are asked for. */
  openResult: { input: Parameters & { sql: string; options: ResultOptions }; output: { cursor: string } };
  nextPart: { input: { cursor: string }; output: Uint8Array | null };
  closeResult: { input: { cursor: string }; output: null };
  writeParquet: {
    input: Parameters & { select: string; columns: readonly FileColumn[]; path: string };
    output: WrittenFile;
  };
  writeFiles: {
    input: Parameters & { select: string; folder: string; name: string; fileBytes: number; fieldIds: FieldIds };
    output: readonly WrittenFile[];
  };
}

export type EngineOperation = keyof EngineOperations;

export interface EngineRequest<Operation extends EngineOperation = EngineOperation> {
  readonly id: number;
  readonly operation: Operation;
  readonly input: EngineOperations[Operation]["input"];
}

export type EngineReply =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly problem: Problem };
