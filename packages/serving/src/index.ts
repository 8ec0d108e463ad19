export { defineService, modelReference, type ServiceDefinition } from "./define-service.ts";
export { responseColumns, type Answer, type AnswerColumn } from "./answer.ts";
export { refusalCodes } from "./refusals.ts";
export { deployedServices, type DeployedService, type Deployment } from "./deployment.ts";
export {
  deployFunction,
  deployModelLimits,
  deployVersions,
  readDeployment,
  type DeploymentPlaces,
  type ServiceVersion,
} from "./deploy-version.ts";
export { createTrafficStore, servingMigrations, type TrafficStore } from "./traffic/traffic-store.ts";
export type { FunctionData } from "./functions/function-options.ts";
export { inTurn } from "./in-turn.ts";
export { forgetSources, keepSources, readSources } from "./functions/snapshot.ts";
export { advanceRollout, type LabelsAsked } from "./traffic/rollout.ts";
export type { LabelNumbers } from "./traffic/judge-labels.ts";
export { readTrafficCounts } from "./traffic/traffic-counts.ts";
export { createSplit } from "./traffic/split.ts";
export { deployTraffic, serviceVersion, variantVersions } from "./traffic/traffic.ts";
export { startServing, type Serving, type ServingOptions } from "./server.ts";
export { commitSegments, PREDICTIONS_TABLE } from "./commit-segments.ts";
export type { AnswerExplanation, Contribution } from "./explanation.ts";
export { loadService, type LoadedService, type Prediction, type ServicePorts } from "./service.ts";
export {
  openPredictionLog,
  type PredictionLog,
  type PredictionLogOptions,
  type PredictionRecord,
} from "./prediction-log.ts";
export { servingErrors } from "./errors.ts";
export { inferenceErrors } from "./inference/errors.ts";
export type { InferenceGraphDefinition } from "./graphs/define-inference-graph.ts";
export { keepGraphs } from "./kserve/kept-documents.ts";
export { documentsFolder } from "./kserve/places.ts";
