import { targetOf, type GraphDefinition, type GraphStep } from "./graph-definition.ts";
import type { GraphView, StepView } from "../inference/ports.ts";
import type { StepPlace } from "./run-graph.ts";

/** What the steps of a graph were asked, and how long they took. */
export class StepCounts {
  readonly #nodes: GraphDefinition["nodes"];
  readonly #counts = new Map<string, ReturnType<typeof none>>();

  constructor(nodes: GraphDefinition["nodes"]) {
    this.#nodes = nodes;
    for (const [node, { steps }] of Object.entries(nodes))
      for (const at of steps.keys()) this.#counts.set(`${node} ${at}`, none());
  }

  answered({ node, at }: StepPlace, { seconds, isFailed }: { readonly seconds: number; readonly isFailed: boolean }) {
    const counts = this.#counts.get(`${node} ${at}`);
    if (counts === undefined) return;
    counts.requests += 1;
    counts.seconds += seconds;
    if (isFailed) counts.failures += 1;
  }

  skipped({ node, at }: StepPlace): void {
    const counts = this.#counts.get(`${node} ${at}`);
    if (counts !== undefined) counts.skipped += 1;
  }

  view(): GraphView {
    const nodes = Object.entries(this.#nodes).map(([name, { routerType, steps }]) => {
      const told = steps.map((step, at) => this.#stepView(step, { node: name, at }));
      return [name, { routerType, steps: told }] as const;
    });
    return { nodes: Object.fromEntries(nodes) };
  }

  #stepView(step: GraphStep, { node, at }: StepPlace): StepView {
    const { requests, failures, skipped, seconds } = this.#counts.get(`${node} ${at}`) ?? none();
    const { weight, condition, data, dependency = "Soft" } = step;
    return {
      name: step.name ?? String(at),
      to: step.nodeName !== undefined ? "node" : step.serviceName !== undefined ? "model" : "address",
      target: targetOf(step),
      ...(weight === undefined ? {} : { weight }),
      ...(condition === undefined ? {} : { condition }),
      ...(data === undefined ? {} : { data }),
      dependency,
      requests,
      failures,
      skipped,
      seconds,
    };
  }
}

function none() {
  return { requests: 0, failures: 0, skipped: 0, seconds: 0 };
}
