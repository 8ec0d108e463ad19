// What the public package offers of this one, and what that needs: the files of a project load nothing else.

export { defineService, type ServiceDefinition } from "./define-service.ts";
export {
  defineInferenceGraph,
  defineTransformer,
  type InferenceGraphDefinition,
} from "./graphs/define-inference-graph.ts";
export type { FunctionContext, ServiceLimits } from "./functions/function-options.ts";
export type { TrafficOptions } from "./traffic/traffic-options.ts";
