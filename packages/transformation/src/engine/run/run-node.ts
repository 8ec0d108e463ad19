import { isMillError } from "@millwright/kernel";
import { materializationMacro } from "../macros.ts";
import type { DbtNode } from "../node.ts";
import { textOf } from "../plain.ts";
import { compileNode, withoutSemicolon } from "./compile-node.ts";
import { runDataTest } from "./data-test.ts";
import { callMaterialization } from "./call-materialization.ts";
import { runHooks, type HookKey } from "./hooks.ts";
import type { Invocation } from "./invocation.ts";
import { explainSqlError } from "./line-marks.ts";
import { isIncrementalRun, materialize } from "./materialize.ts";
import { inTransaction } from "./relations.ts";
import type { NodeResult, Status } from "./results.ts";
import { loadSeed } from "./seed.ts";
import { takeSnapshot } from "./snapshot.ts";
import { runUnitTest } from "./unit-test.ts";
import { Replay } from "../replay.ts";

interface Done {
  readonly status: Status;
  readonly message: string | null;
  readonly failures: number | null;
  readonly sql: string | null;
}

/** Runs one node to its result: what fails is the result, not an error. */
export async function runNode(
  asked: Invocation,
  node: DbtNode,
  existing: ReadonlySet<string> | undefined,
): Promise<NodeResult> {
  const startedAtMs = performance.now();
  const seconds = () => (performance.now() - startedAtMs) / 1_000;
  let sql: string | null = null;
  try {
    const done = await (node.type === "exposure"
      ? NOTHING
      : runByType(asked, node, { existing, compiled: (text) => (sql = text) }));
    return { node, ...done, seconds: seconds() };
  } catch (error) {
    return { node, status: "error", message: messageOf(error, node), failures: null, sql, seconds: seconds() };
  }
}

const NOTHING: Done = { status: "no-op", message: "NO-OP", failures: null, sql: null };

interface Running {
  readonly existing: ReadonlySet<string> | undefined;
  readonly compiled: (sql: string) => void;
}

async function runByType(asked: Invocation, node: DbtNode, running: Running): Promise<Done> {
  const { world } = asked;
  if (node.type === "seed") {
    const rows = await withHooks(asked, node, () => loadSeed(world.warehouse, node, world.flags));
    return { status: "success", message: `INSERT ${rows}`, failures: null, sql: null };
  }
  if (node.type === "unit_test") return runUnitTest(asked, node);
  if (node.type === "test") {
    const sql = await compiledSql(asked, node, running);
    const { status, failures, message } = await inTransaction(world.warehouse, () =>
      runDataTest(world, node, withoutSemicolon(sql)),
    );
    return { status, failures, message, sql };
  }
  return runModel(asked, node, running);
}

async function compiledSql(
  asked: Invocation,
  node: DbtNode,
  { existing, compiled }: Running,
  isIncremental = false,
): Promise<string> {
  const sql = await compileNode(asked, node, { isIncremental, ...(existing === undefined ? {} : { existing }) });
  compiled(sql);
  return sql;
}

async function runModel(asked: Invocation, node: DbtNode, running: Running): Promise<Done> {
  const { world } = asked;
  const isIncremental = await isIncrementalRun(world.warehouse, node, world.flags);
  const replay = new Replay();
  const options = { isIncremental, replay, ...(running.existing === undefined ? {} : { existing: running.existing }) };
  const sql = await compileNode(asked, node, options);
  running.compiled(sql);
  const statement = withoutSemicolon(sql);
  try {
    await withHooks(
      asked,
      node,
      () =>
        node.type === "snapshot"
          ? takeSnapshot(world.warehouse, node, statement)
          : materializeNode(asked, node, { sql: statement, isIncremental }),
      isIncremental,
    );
  } catch (error) {
    throw await explainSqlError(error, { asked, node, options, sql: statement });
  }
  return { status: "success", message: "OK", failures: null, sql };
}

/** By the project's own materialization where there is one of this name. */
async function materializeNode(
  asked: Invocation,
  node: DbtNode,
  made: { readonly sql: string; readonly isIncremental: boolean },
): Promise<void> {
  const { world } = asked;
  const macro = materializationMacro(world.macros, textOf(node.config["materialized"], "view"), node.package);
  if (macro === undefined) return materialize(world.warehouse, node, made);
  await callMaterialization(asked, node, { macro, sql: made.sql });
}

/** Runs the work between a node's hooks, in a transaction; hooks that want none stand outside. */
async function withHooks<Result>(
  asked: Invocation,
  node: DbtNode,
  work: () => Promise<Result>,
  isIncremental = false,
): Promise<Result> {
  const run = (key: HookKey, isInside: boolean) =>
    runHooks(asked, node, { key, isIncremental, only: (hook) => hook.isInside === isInside });
  await run("pre_hook", false);
  const result = await inTransaction(asked.world.warehouse, async () => {
    await run("pre_hook", true);
    const made = await work();
    await run("post_hook", true);
    return made;
  });
  await run("post_hook", false);
  return result;
}

/** What went wrong, told as dbt tells it. */
export function messageOf(error: unknown, { type, name, path }: DbtNode): string {
  if (!isMillError(error)) throw error;
  if (/^(?:Compilation|Runtime|Parsing) Error/.test(error.because)) return error.because;
  const kind = error.code === "transformation/template" ? "Compilation" : "Runtime";
  return `${kind} Error in ${type} ${name} (${path})\n  ${error.because}`;
}
