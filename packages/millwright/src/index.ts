import { createClient as createUntypedClient, type Client, type ClientOptions } from "@millwright/client";
import type { Services } from "@millwright/kernel";

export {
  env,
  table,
  type FeatureViews,
  type Models,
  type SecretReference,
  type Services,
  type TableReference,
  type Tables,
} from "@millwright/kernel";
export { defineSource, type SourceDefinition } from "@millwright/ingestion/define";
export { defineChecks, type ChecksDefinition } from "@millwright/validation/define";
export {
  addMinutes,
  clip,
  coalesce,
  column,
  constant,
  defineEntity,
  defineFeatureService,
  defineFeatureView,
  defineOnDemandFeatureView,
  greatest,
  isoDayOfWeek,
  least,
  minus,
  minuteOfDay,
  minutesBetween,
  over,
  plus,
  shift,
  times,
} from "@millwright/feature-store/define";
export {
  atLeast,
  atMost,
  betterThanBaseline,
  defineTraining,
  gradientBoosting,
  notWorseThan,
  sliceAtLeast,
  sliceAtMost,
  type TrainingDefinition,
} from "@millwright/training/define";
export { defineMonitor, log, webhook, type MonitorDefinition } from "@millwright/monitoring/define";
export {
  defineInferenceGraph,
  defineService,
  defineTransformer,
  type FunctionContext,
  type InferenceGraphDefinition,
  type ServiceDefinition,
  type ServiceLimits,
  type TrafficOptions,
} from "@millwright/serving/define";
export {
  defineProject,
  icebergCatalog,
  icebergRest,
  postgres,
  type IcebergCatalogEngine,
  type IcebergRestEngine,
  type PostgresEngine,
  type ProjectDefinition,
} from "@millwright/project/define";
export { openTestProject, type TestProject } from "./test-project.ts";
export { PredictionError } from "@millwright/client";

/** A client of the project's services, typed by their signatures once `mill types` has run. */
export function createClient(options: ClientOptions): Client<Services> {
  return createUntypedClient<Services>(options);
}
