import { inferenceErrors } from "../inference/errors.ts";
import { checkGraph } from "./check-graph.ts";
import type { GraphDefinition, GraphNode, GraphStep } from "./graph-definition.ts";

/** A graph of models that a project serves. */
export interface InferenceGraphDefinition extends GraphDefinition {
  readonly kind: "inference_graph";
  readonly description: string;
}

/**
 * Declares a graph of models, as KServe's `InferenceGraph` has it: its steps are the project's services, models that were
 * applied, other graphs, and other servers' addresses. It is asked by its name as a service is. Throws `inference/bad-graph`.
 *
 * @example
 * ```ts
 * export const breeds = defineInferenceGraph({
 *   name: "breeds",
 *   nodes: {
 *     root: {
 *       routerType: "Sequence",
 *       steps: [
 *         { serviceName: "cat-dog", name: "kind", dependency: "Hard" },
 *         { serviceName: "dog-breeds", data: "$request", condition: 'predictions.#(=="dog")' },
 *       ],
 *     },
 *   },
 * });
 * ```
 */
export function defineInferenceGraph({
  description = "",
  ...graph
}: GraphDefinition & { readonly description?: string }): InferenceGraphDefinition {
  const [problem] = checkGraph(graph);
  if (problem !== undefined)
    throw inferenceErrors.create("inference/bad-graph", {
      because: `${[graph.name, ...problem.path].join(".")}: ${problem.because}`,
    });
  return { kind: "inference_graph", description, ...graph };
}

/**
 * Declares a model with what is done before it and after it, each a model of its own that is given what the one before
 * answered: KServe's transformer. A step that fails is the answer. Throws `inference/bad-graph`.
 *
 * @example
 * ```ts
 * export const price = defineTransformer({ name: "price", before: "tokens", model: "price-model", after: "euros" });
 * ```
 */
export function defineTransformer({
  name,
  before,
  model,
  after,
  ...told
}: {
  readonly name: string;
  /** What makes the model's inputs of a request. */
  readonly before?: string;
  readonly model: string;
  /** What makes the answer of the model's outputs. */
  readonly after?: string;
  readonly description?: string;
  readonly timeoutMs?: number;
}): InferenceGraphDefinition {
  const steps = [before, model, after].flatMap((serviceName, at): readonly GraphStep[] =>
    serviceName === undefined ? [] : [{ serviceName, name: ["before", "model", "after"][at], dependency: "Hard" }],
  );
  const chained = steps.map((step, at) =>
    at === 0 ? step : { ...step, data: "$response", mapPredictionsToInstances: true },
  );
  const root: GraphNode = { routerType: "Sequence", steps: chained };
  return defineInferenceGraph({ name, nodes: { root }, ...told });
}
