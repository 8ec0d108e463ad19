import { fork, type ChildProcess } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { fromProblem, type Logger } from "@millwright/kernel";
import { parseExactJson } from "../domain/iceberg/exact-json.ts";
import { relationOf } from "../domain/iceberg/identifiers.ts";
import { quoteName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { ColumnBatch, EngineCapabilities, SqlEngine, StatementScope } from "../ports.ts";
import type {
  EngineOperation,
  EngineOperations,
  EngineReply,
  EngineRequest,
  EngineSettings,
  SessionResult,
} from "./engine-protocol.ts";

export interface DuckdbEngineOptions extends EngineSettings {
  readonly logger: Logger;
  /** The process is stopped after so long without work, and started again by the next. Default: never. */
  readonly idleMs?: number;
}

const CAPABILITIES: EngineCapabilities = {
  dialect: "duckdb",
  tellsTrees: true,
  takesParameters: true,
  formats: ["json", "jsonl", "csv", "arrow", "parquet"],
};

const STATEMENTS_AT_ONCE = 32;

const PARSE =
  "SELECT json_serialize_sql(CAST(? AS VARCHAR), skip_null := true, skip_empty := true, skip_default := true)";

interface Waiting {
  readonly child: ChildProcess;
  readonly operation: EngineOperation;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

export interface DuckdbEngine extends SqlEngine {
  /** The folders that SQL may read from now on. When they are others, the process is started anew. */
  allowFolders(folders: readonly string[]): Promise<void>;
  /** Runs statements on the one connection of this engine that stays: transactions and temporary tables last. */
  session(sql: string): Promise<SessionResult>;
}

/**
 * DuckDB in a process of its own, started on first use. When it dies, what it was doing fails with
 * `lakehouse/engine-died`, and the next call starts it anew with every relation that was set.
 */
export function createDuckdbEngine(options: DuckdbEngineOptions): DuckdbEngine {
  const host = new EngineHost(options);
  return {
    ...engineWithin(host, {}),
    allowFolders: (folders) => host.allowFolders(folders),
    session: (sql) => host.ask("session", { sql }),
  };
}

/** The engine as one statement has it. */
function engineWithin(host: EngineHost, scope: StatementScope): SqlEngine {
  const { parameters, signal } = scope;
  return {
    capabilities: CAPABILITIES,
    within: (inner) => engineWithin(host, { ...scope, ...inner }),
    parse: async (sql) => {
      const { rows } = await host.ask("query", { sql: PARSE, options: { parameters: [sql] } }, signal);
      const tree = rows[0]?.[0];
      return typeof tree === "string" ? parseExactJson(tree) : undefined;
    },
    query: (sql, options = {}) =>
      host.ask("query", { sql, options, parameters: options.parameters ?? parameters }, signal),
    run: async (sql) => {
      await host.ask("run", { sql, parameters }, signal);
    },
    describe: (select) => host.ask("describe", { select, parameters }, signal),
    readColumns: (select, { batchRows = 131_072 } = {}) => readColumns(host, { select, batchRows, parameters }, signal),
    readBytes: (sql, options) => readBytes(host, { sql, options, parameters }, signal),
    writeParquet: (request) => host.ask("writeParquet", { ...request, parameters }, signal),
    writeFiles: (request) => host.ask("writeFiles", { ...request, parameters }, signal),
    setRelation: (name, select) => host.setRelation(name, select),
    close: () => host.close(),
  };
}

async function* readColumns(
  host: EngineHost,
  input: EngineOperations["open"]["input"],
  signal: AbortSignal | undefined,
): AsyncIterable<ColumnBatch> {
  const { cursor } = await host.ask("open", input, signal);
  host.cursors += 1;
  try {
    // One batch is asked for ahead, so that the engine works while the reader does.
    let ahead = host.ask("next", { cursor }, signal);
    for (;;) {
      const batch = await ahead;
      if (batch === null) return;
      ahead = host.ask("next", { cursor }, signal);
      ahead.catch(() => undefined);
      yield batch;
    }
  } finally {
    host.cursors -= 1;
    await host.ask("closeCursor", { cursor }).catch(() => undefined);
  }
}

async function* readBytes(
  host: EngineHost,
  input: EngineOperations["openResult"]["input"],
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  const { cursor } = await host.ask("openResult", input, signal);
  host.cursors += 1;
  try {
    for (;;) {
      const part = await host.ask("nextPart", { cursor }, signal);
      if (part === null) return;
      yield part;
    }
  } finally {
    host.cursors -= 1;
    await host.ask("closeResult", { cursor }).catch(() => undefined);
  }
}

/** What is asked for a statement that has begun already, and is counted by its cursor. */
const OF_CURSORS: ReadonlySet<EngineOperation> = new Set(["next", "closeCursor", "nextPart", "closeResult", "cancel"]);

class EngineHost {
  #options: DuckdbEngineOptions;
  readonly #relations = new Map<string, string>();
  readonly #waiting = new Map<number, Waiting>();
  #child: Promise<ChildProcess> | undefined;
  #running: ChildProcess | undefined;
  #nextId = 1;
  #closed = false;
  #stopping: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Cursors that are being read: the process is not idle while there is one. */
  cursors = 0;

  constructor(options: DuckdbEngineOptions) {
    this.#options = options;
  }

  /** What a signal ends fails with the signal's reason, once the engine has let go of it. */
  async ask<Operation extends EngineOperation>(
    operation: Operation,
    input: EngineOperations[Operation]["input"],
    signal?: AbortSignal,
  ): Promise<EngineOperations[Operation]["output"]> {
    signal?.throwIfAborted();
    const child = await this.#started();
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const cancel = () =>
      void this.#send(child, { id: this.#nextId++, operation: "cancel", input: { id } }).catch(() => undefined);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return (await this.#send(child, { id, operation, input })) as EngineOperations[Operation]["output"];
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  async setRelation(name: string, select: string | undefined): Promise<void> {
    if (select === undefined) this.#relations.delete(name);
    else this.#relations.set(name, select);
    if (this.#child === undefined) return;
    await this.ask("run", { sql: relationStatement(name, select) });
  }

  async allowFolders(folders: readonly string[]): Promise<void> {
    if (folders.join("\0") === this.#options.folders.join("\0")) return;
    this.#options = { ...this.#options, folders };
    await this.#stop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }

  #stop(): Promise<void> {
    clearTimeout(this.#idle);
    this.#stopping ??= this.#end().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #end(): Promise<void> {
    const child = await this.#child?.catch(() => undefined);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.disconnect();
      setTimeout(() => child.kill("SIGKILL"), 1_000).unref();
    });
  }

  async #started(): Promise<ChildProcess> {
    await this.#stopping;
    if (this.#closed) throw new Error("the engine is closed");
    this.#child ??= this.#start().catch((error: unknown) => {
      this.#child = undefined;
      throw error;
    });
    return this.#child;
  }

  async #start(): Promise<ChildProcess> {
    const { logger, idleMs: _idleMs, ...settings } = this.#options;
    await mkdir(settings.tempFolder, { recursive: true });
    const child = fork(new URL("./duckdb-engine-child.ts", import.meta.url), {
      ...(settings.workingFolder === undefined ? {} : { cwd: settings.workingFolder }),
      serialization: "advanced",
      env: {
        PATH: process.env["PATH"] ?? "",
        TZ: "UTC",
        // Each statement under way keeps one of these: with too few, those beyond would wait for the first to end.
        UV_THREADPOOL_SIZE: String(STATEMENTS_AT_ONCE),
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
      },
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#running = child;
    child.stderr?.on("data", (chunk: Buffer) => logger.warn({ from: "engine" }, chunk.toString().trim()));
    child.on("message", (reply: EngineReply) => this.#settle(reply));
    child.once("exit", (code, signal) => this.#died(child, code ?? signal));
    child.once("error", (error) => logger.error({ err: error }, "the SQL engine could not be started"));
    try {
      await this.#send(child, { id: this.#nextId++, operation: "start", input: settings });
      await this.#restoreRelations(child);
    } catch (error) {
      // Left alone it would keep this process from ending.
      child.kill("SIGKILL");
      throw error;
    }
    return child;
  }

  /** Views may stand on each other in any order: passes are made as long as one more comes to stand. */
  async #restoreRelations(child: ChildProcess): Promise<void> {
    let pending = [...this.#relations];
    while (pending.length > 0) {
      const failed: [string, string][] = [];
      let problem: unknown;
      for (const [name, select] of pending) {
        const input = { sql: relationStatement(name, select) };
        await this.#send(child, { id: this.#nextId++, operation: "run", input }).catch((error: unknown) => {
          problem = error;
          failed.push([name, select]);
        });
      }
      if (failed.length === pending.length) {
        this.#options.logger.warn({ err: problem, views: failed.map(([name]) => name) }, "views that do not stand");
        return;
      }
      pending = failed;
    }
  }

  #send(child: ChildProcess, request: EngineRequest): Promise<unknown> {
    const { id } = request;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { child, operation: request.operation, resolve, reject });
      child.send(request, (error) => {
        if (error !== null) this.#settleDead(id);
      });
    });
  }

  #settle(reply: EngineReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    this.#restIfIdle();
    if ("problem" in reply) waiting?.reject(fromProblem(reply.problem));
    else waiting?.resolve(reply.output);
  }

  #restIfIdle(): void {
    const { idleMs } = this.#options;
    clearTimeout(this.#idle);
    if (idleMs === undefined) return;
    this.#idle = setTimeout(() => {
      if (this.#waiting.size === 0 && this.cursors === 0) void this.#stop();
    }, idleMs).unref();
  }

  /** Only what this process was asked fails with it: by now another one may be at work. */
  #died(child: ChildProcess, how: number | string | null): void {
    if (this.#running === child) this.#child = undefined;
    child.removeAllListeners();
    if (this.#stopping === undefined) this.#options.logger.error({ how }, "the SQL engine's process ended");
    const lost = [...this.#waiting].filter(([, waiting]) => waiting.child === child);
    const begun = lost.filter(([, { operation }]) => !OF_CURSORS.has(operation)).length + this.cursors;
    for (const [id] of lost) this.#settleDead(id, { wasAlone: begun === 1 });
  }

  #settleDead(id: number, { wasAlone = false }: { readonly wasAlone?: boolean } = {}): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    const lost = wasAlone ? "nothing but this statement was under way" : "the query was lost with it";
    waiting?.reject(
      lakehouseErrors.create("lakehouse/engine-died", {
        because: `${lost}; no table was changed`,
        details: { wasAlone },
      }),
    );
  }
}

function relationStatement(name: string, select: string | undefined): string {
  const relation = relationOf(name);
  const schema = quoteName(relation.schema);
  const view = `${schema}.${quoteName(relation.name)}`;
  const ensure = relation.schema === "main" ? "" : `CREATE SCHEMA IF NOT EXISTS ${schema}; `;
  return select === undefined
    ? `${ensure}DROP VIEW IF EXISTS ${view}`
    : `${ensure}CREATE OR REPLACE VIEW ${view} AS ${select}`;
}
