import { executeText } from "../compile-text.ts";
import type { DbtNode } from "../node.ts";
import { reached, type Graph } from "../select/graph.ts";
import type { JinjaValue } from "../../jinja/values.ts";
import { quoteName } from "@millwright/lakehouse";
import { executeTask, type Invocation } from "./invocation.ts";
import { hasFailed, resultMap, type NodeResult } from "./results.ts";
import { messageOf, runNode } from "./run-node.ts";
import { storesFailures } from "./data-test.ts";

/** Parents before children, and a model's tests before what stands on it when `build` runs both. */
export function runOrder(nodes: readonly DbtNode[], graph: Graph): readonly DbtNode[] {
  const edges = waitingFor(nodes, graph);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const done = new Set<string>();
  const order: DbtNode[] = [];
  const visit = (node: DbtNode): void => {
    if (done.has(node.id)) return;
    done.add(node.id);
    for (const id of [...(edges.get(node.id) ?? [])].toSorted()) {
      const before = byId.get(id);
      if (before !== undefined) visit(before);
    }
    order.push(node);
  };
  for (const node of nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1))) visit(node);
  return order;
}

/** What each node waits for, among those that run. */
function waitingFor(nodes: readonly DbtNode[], graph: Graph): ReadonlyMap<string, ReadonlySet<string>> {
  const ids = new Set(nodes.map(({ id }) => id));
  const above = new Map(nodes.map(({ id }) => [id, reached(graph.parents, [id])]));
  const waits = new Map(
    nodes.map((node) => [
      node.id,
      node.type === "unit_test" ? inputsOf(node, graph, ids) : intersect(above.get(node.id) ?? new Set(), ids),
    ]),
  );
  const tests = nodes.filter(({ type }) => type === "test" || type === "unit_test");
  for (const node of nodes) {
    // With its model, a unit test waits for what the model waits for; alone it runs on what is there.
    if (node.type === "test" || (node.type === "unit_test" && !node.dependsOn.some((id) => ids.has(id)))) continue;
    const ancestors =
      node.type === "unit_test" ? reached(graph.parents, node.dependsOn) : (above.get(node.id) ?? new Set<string>());
    for (const test of tests) {
      if (test.id === node.id) continue;
      const isBefore =
        test.type === "unit_test"
          ? test.dependsOn.some((id) => (id === node.id || ancestors.has(id)) && !node.dependsOn.includes(test.id))
          : test.dependsOn.every((id) => ancestors.has(id)) && test.dependsOn.length > 0;
      if (isBefore) waits.get(node.id)?.add(test.id);
    }
  }
  return waits;
}

/** A unit test runs before its model, and after what that model reads. */
function inputsOf({ dependsOn }: DbtNode, graph: Graph, ids: ReadonlySet<string>): Set<string> {
  return intersect(reached(graph.parents, dependsOn), ids);
}

function intersect(all: ReadonlySet<string>, ids: ReadonlySet<string>): Set<string> {
  return new Set([...all].filter((id) => ids.has(id)));
}

export interface RunGraphOptions {
  readonly graph: Graph;
  /** Told of each result as it is there. */
  readonly onResult: (result: NodeResult) => void;
  readonly run?: (node: DbtNode) => Promise<NodeResult>;
  readonly withHooks: boolean;
  readonly existing: ReadonlySet<string> | undefined;
}

/** Runs nodes in order; what stands on something that failed is skipped. Hooks of the run stand before and after. */
export async function runGraph(
  asked: Invocation,
  nodes: readonly DbtNode[],
  options: RunGraphOptions,
): Promise<readonly NodeResult[]> {
  const runnable = nodes.filter((node) => !(node.type === "model" && node.config["materialized"] === "ephemeral"));
  await createSchemas(asked, runnable);
  const hooks = options.withHooks ? [...asked.manifest.nodes.values()].filter(({ type }) => type === "operation") : [];
  const before = await runHooks(
    asked,
    hooks.filter(({ hook }) => hook === "on-run-start"),
    [],
  );
  const results = before.some(hasFailed) ? runnable.map(skipped) : await runAll(asked, nodes, options);
  const after = await runHooks(
    asked,
    hooks.filter(({ hook }) => hook === "on-run-end"),
    results,
  );
  return [...before, ...results, ...after];
}

async function runAll(
  asked: Invocation,
  nodes: readonly DbtNode[],
  { graph, onResult, run, existing }: RunGraphOptions,
): Promise<readonly NodeResult[]> {
  const waits = waitingFor(nodes, graph);
  const bad = new Set<string>();
  const results: NodeResult[] = [];
  let stopped = false;
  for (const node of runOrder(nodes, graph)) {
    if (node.type === "model" && node.config["materialized"] === "ephemeral") {
      if ([...(waits.get(node.id) ?? [])].some((id) => bad.has(id))) bad.add(node.id);
      continue;
    }
    const isSkipped: boolean = stopped || [...(waits.get(node.id) ?? [])].some((id) => bad.has(id));
    const result: NodeResult = isSkipped
      ? skipped(node)
      : await (run ?? ((one) => runNode(asked, one, existing)))(node);
    results.push(result);
    onResult(result);
    if (hasFailed(result) || result.status === "skipped") bad.add(node.id);
    stopped ||= asked.world.flags.failFast && hasFailed(result);
  }
  return results;
}

function skipped(node: DbtNode): NodeResult {
  return { node, status: "skipped", message: null, failures: null, sql: null, seconds: 0 };
}

/** The schemas that what runs is built in. */
async function createSchemas({ world }: Invocation, nodes: readonly DbtNode[]): Promise<void> {
  const built = nodes.filter(
    (node) =>
      ["model", "seed", "snapshot"].includes(node.type) || (node.type === "test" && storesFailures(node, world.flags)),
  );
  for (const schema of new Set(built.map((node) => node.schema)))
    await world.warehouse.execute(
      `create schema if not exists ${quoteName(world.warehouse.database)}.${quoteName(schema)}`,
    );
}

async function runHooks(
  asked: Invocation,
  hooks: readonly DbtNode[],
  results: readonly NodeResult[],
): Promise<readonly NodeResult[]> {
  const extra = new Map<string, JinjaValue>([
    ["results", results.map(resultMap)],
    ["schemas", schemasOf(results)],
    ["database_schemas", schemasOf(results).map((schema) => [asked.world.warehouse.database, schema])],
  ]);
  const done: NodeResult[] = [];
  for (const node of hooks) {
    const begin = performance.now();
    const base = { node, failures: 0 };
    let sql: string | null = null;
    try {
      const task = executeTask(asked, node, { ephemeral: () => undefined, extra });
      sql = (await executeText(task, { text: node.rawCode, path: node.path })).trim();
      if (sql !== "") await asked.world.warehouse.execute(sql);
      done.push({
        ...base,
        sql,
        status: "success",
        message: `${node.package}.${node.hook ?? ""}.${node.name.split("-").at(-1)} passed`,
        seconds: (performance.now() - begin) / 1_000,
      });
    } catch (error) {
      done.push({
        ...base,
        sql,
        status: "error",
        message: messageOf(error, node),
        seconds: (performance.now() - begin) / 1_000,
      });
      break;
    }
  }
  return done;
}

function schemasOf(results: readonly NodeResult[]): string[] {
  const built = results.filter(
    (result) =>
      ["model", "seed", "snapshot"].includes(result.node.type) && !hasFailed(result) && result.status !== "skipped",
  );
  return [...new Set(built.map(({ node }) => node.schema))];
}
