import type { Column, Problem } from "@millwright/kernel";
import type { ColumnBatch, FieldIds, QueryOptions, QueryResult, WrittenFile } from "../ports.ts";

/** How the engine's process is set up, once, before it locks its configuration. */
export interface EngineSettings {
  /** Folders below which it may read and write files; nothing else on the machine is open to it. */
  readonly folders: readonly string[];
  readonly tempFolder: string;
  readonly memoryMb: number;
  readonly threads: number;
}

export interface EngineOperations {
  start: { input: EngineSettings; output: null };
  query: { input: { sql: string; options: QueryOptions }; output: QueryResult };
  run: { input: { sql: string }; output: null };
  describe: { input: { select: string }; output: readonly Column[] };
  open: { input: { select: string; batchRows: number }; output: { cursor: number } };
  next: { input: { cursor: number }; output: ColumnBatch | null };
  closeCursor: { input: { cursor: number }; output: null };
  writeParquet: { input: { select: string; path: string; fieldIds: FieldIds }; output: WrittenFile };
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
