import { isMillError } from "@millwright/kernel";
import { writeSources } from "../artifacts.ts";
import type { DbtNode } from "../node.ts";
import { checkFreshness, hasFreshness, type FreshnessOutcome } from "../run/freshness.ts";
import { invocation } from "../run/invocation.ts";
import { hasFailed, type NodeResult } from "../run/results.ts";
import { runGraph } from "../run/run-graph.ts";
import { selectedIds, type Outcome, type Session } from "./session.ts";

/** `source freshness`: how old each source is. A source that says nothing of it is left out. */
export async function freshnessCommand(session: Session): Promise<Outcome> {
  const { world, manifest } = session;
  const ids = await selectedIds(session, new Set(["source"]));
  const nodes = [...ids]
    .map((id) => manifest.nodes.get(id))
    .filter((node) => node !== undefined)
    .filter(hasFreshness);
  const work = invocation(world, manifest, { selected: ids });
  const found: { id: string; status: string; outcome: FreshnessOutcome | null }[] = [];
  const run = async (node: DbtNode): Promise<NodeResult> => {
    const base = { node, failures: null, sql: null, seconds: 0 };
    try {
      const outcome = await checkFreshness(work, node);
      found.push({ id: node.id, status: outcome.status, outcome });
      return { ...base, status: outcome.status, message: null };
    } catch (error) {
      if (!isMillError(error)) throw error;
      found.push({ id: node.id, status: "runtime error", outcome: null });
      return { ...base, status: "runtime error", message: error.because };
    }
  };
  const results = await runGraph(work, nodes, {
    graph: session.graph,
    onResult: ({ node, status, message }) =>
      world.tell({ level: "info", text: `${status.padEnd(8)} ${node.id}${message === null ? "" : `\n  ${message}`}` }),
    run,
    withHooks: true,
    existing: undefined,
  });
  await writeSources(session.artifacts, found);
  return { exitCode: results.some(hasFailed) ? 1 : 0, lines: [], results };
}
