import { refused } from "../parse/parsing.ts";
import { readArtifact, writeResults } from "../artifacts.ts";
import { listRelations } from "../adapter.ts";
import type { DbtArguments } from "../arguments.ts";
import type { DbtNode, ResourceType } from "../node.ts";
import { isRecord, recordOf, recordsOf, textOf, textsOf, type Plain } from "../plain.ts";
import { relation } from "../relation.ts";
import { invocation, keptRelations, type Invocation } from "../run/invocation.ts";
import { hasFailed, type NodeResult } from "../run/results.ts";
import { runGraph } from "../run/run-graph.ts";
import { existingKind, nameOf } from "../run/relations.ts";
import { quoteName } from "@millwright/lakehouse";
import { describeSelection, selectedIds, type Outcome, type Session } from "./session.ts";

/** The kinds of things that each command runs. */
const TYPES: Readonly<Record<string, readonly ResourceType[]>> = {
  run: ["model"],
  build: ["model", "seed", "snapshot", "test", "unit_test", "exposure"],
  test: ["test", "unit_test"],
  seed: ["seed"],
  snapshot: ["snapshot"],
};

/** `run`, `build`, `test`, `seed`, `snapshot`. */
export async function runSelected(session: Session): Promise<Outcome> {
  const { asked, manifest, world } = session;
  const again = retried(asked);
  const ids = again ?? (await selectedIds(session, new Set(TYPES[asked.command])));
  const nodes = [...ids].map((id) => manifest.nodes.get(id)).filter((node) => node !== undefined);
  if (nodes.length === 0) {
    world.tell({
      level: "warn",
      text: `Nothing to do. Try checking your model configs and model specification args (${describeSelection(asked)})`,
    });
    await writeResults(session.artifacts, [], argumentsOf(asked));
    return { exitCode: 0, lines: [], results: [] };
  }
  const { deferred, existing } = await deferral(session);
  const work = invocation(world, manifest, { selected: ids, ...(deferred === undefined ? {} : { deferred }) });
  const results = await runGraph(work, nodes, {
    graph: session.graph,
    onResult: (result) => tellResult(session, result),
    withHooks: true,
    existing,
  });
  await writeResults(session.artifacts, results, argumentsOf(asked));
  return { exitCode: results.some(hasFailed) ? 1 : 0, lines: [], results };
}

/** With `--defer`: the relations of the kept state, and those that are there now. */
export async function deferral({ asked, state, manifest, world }: Session): Promise<{
  readonly deferred: Invocation["deferred"];
  readonly existing: ReadonlySet<string> | undefined;
}> {
  if (!asked.flags.has("defer")) return { deferred: undefined, existing: undefined };
  if (state?.manifest === undefined)
    throw refused("Runtime Error\n  --defer needs --state with a folder that has manifest.json");
  const schemas = new Set([...manifest.nodes.values()].map(({ schema }) => schema));
  const there = new Set<string>();
  for (const schema of schemas)
    for (const found of await listRelations(world.warehouse, schema))
      there.add(
        relation({ ...found })
          .toText()
          .toLowerCase(),
      );
  return { deferred: keptRelations(state.manifest), existing: there };
}

/** Says each result as it is there; what failed, with its reason. */
function tellResult({ world }: Session, { node, status, message, seconds }: NodeResult): void {
  const bad = status === "error" || status === "fail";
  const reason = message === null || !(bad || status === "warn") ? "" : `\n  ${message}`;
  const timed = status === "skipped" ? "" : ` in ${seconds.toFixed(2)} s`;
  world.tell({ level: bad ? "warn" : "info", text: `${status.padEnd(8)} ${node.type} ${node.name}${timed}${reason}` });
}

export function argumentsOf({ command, lists, values, flags, vars }: DbtArguments): Plain {
  return { which: command, ...lists, ...values, flags: [...flags], vars };
}

const AGAIN = new Set(["error", "fail", "skipped", "runtime error", "partial success"]);

/** `retry`: the last command once more, on what failed or was skipped in it. */
export async function retryArguments(folder: string, asked: DbtArguments): Promise<DbtArguments> {
  const last = await readArtifact(folder, "run_results.json");
  if (last === undefined) throw refused(`Runtime Error\n  Could not find previous run in '${folder}' target directory`);
  const before = recordOf(last["args"]);
  const again = recordsOf(last["results"]).filter(({ status }) => AGAIN.has(textOf(status)));
  const { which, flags, vars, ...rest } = before;
  const lists = Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => Array.isArray(value))
      .map(([key, value]) => [key, textsOf(value)]),
  );
  const values = Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => typeof value === "string")
      .map(([key, value]) => [key, textOf(value)]),
  );
  const command = textOf(which, "run");
  if (!Object.hasOwn(TYPES, command)) throw refused(`Runtime Error\n  '${command}' is no command that can be retried`);
  return {
    command,
    words: [],
    lists: { ...lists, retry: again.map(({ unique_id: id }) => textOf(id)) },
    values: { ...values, ...asked.values },
    flags: new Set([...textsOf(flags), ...asked.flags]),
    vars: { ...recordOf(isRecord(vars) ? vars : {}), ...asked.vars },
  };
}

function retried({ lists }: DbtArguments): ReadonlySet<string> | undefined {
  const { retry } = lists;
  return retry === undefined ? undefined : new Set(retry.filter((id) => !id.startsWith("operation.")));
}

/** `clone`: views of the kept state's relations, where this target has none. */
export async function cloneCommand(session: Session): Promise<Outcome> {
  const { state, manifest, world, asked } = session;
  if (state?.manifest === undefined)
    throw refused("Runtime Error\n  clone needs --state with a folder that has manifest.json");
  const kept = keptRelations(state.manifest);
  const ids = await selectedIds(session, new Set(["model", "seed", "snapshot"]));
  const nodes = [...ids].map((id) => manifest.nodes.get(id)).filter((node) => node !== undefined);
  const run = async (node: DbtNode): Promise<NodeResult> => {
    const from = kept.get(node.id);
    const present = await existingKind(world.warehouse, node);
    const base = { node, failures: null, sql: null, seconds: 0 };
    if (from === undefined) return { ...base, status: "success", message: "No relation found in state manifest" };
    if (present !== undefined && !asked.flags.has("full-refresh"))
      return { ...base, status: "success", message: "Relation already exists" };
    if (from === nameOf(node)) return { ...base, status: "success", message: "It is the same relation" };
    if (present !== undefined) await world.warehouse.execute(`drop ${present} if exists ${nameOf(node)} cascade`);
    await world.warehouse.execute(
      `create view ${[node.database, node.schema, node.alias].map(quoteName).join(".")} as select * from ${from}`,
    );
    return { ...base, status: "success", message: "CREATE VIEW" };
  };
  const work = invocation(world, manifest, { selected: ids });
  const results = await runGraph(work, nodes, {
    graph: session.graph,
    onResult: () => undefined,
    run,
    withHooks: false,
    existing: undefined,
  });
  await writeResults(session.artifacts, results, argumentsOf(asked));
  return { exitCode: results.some(hasFailed) ? 1 : 0, lines: [], results };
}
