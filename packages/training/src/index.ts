export {
  atLeast,
  atMost,
  betterThanBaseline,
  defineTraining,
  gradientBoosting,
  notWorseThan,
  sliceAtLeast,
  sliceAtMost,
  type Gate,
  type GradientBoosting,
  type TrainingDefinition,
  type TrainingOptions,
  type TrainingSplit,
} from "./define-training.ts";
export { trainModel, type TrainingMatrix, type TrainOptions } from "./boosting/train-model.ts";
export { decodeModel, encodeModel } from "./model/model-file.ts";
export { encodersOf, type EncodeCategory } from "./model/encoders.ts";
export { importance, outputsOf, type Category, type ClassLabel, type TreeModel } from "./model/tree-model.ts";
export { createExplainer, explainTrees, type Explanation } from "./model/explain-row.ts";
export { scoreColumns, scoreOutputs, scoreRow } from "./model/score-rows.ts";
export { exportOnnx } from "./onnx/export-onnx.ts";
export { bestBaseline } from "./judgement/best-baseline.ts";
export { scoreMetrics, type MetricName, type Metrics, type Objective } from "./judgement/metrics.ts";
export { metricTitle } from "./report/words.ts";
export { evaluateGates, type GateResult } from "./gates.ts";
export {
  buildTrainingTable,
  requestOf,
  train,
  trainingTable,
  type ModelSignature,
  type TrainPorts,
  type TrainSettings,
} from "./train.ts";
export { readSignature } from "./read-signature.ts";
export { ROW_PLACE } from "./rows/row-place.ts";
export { SPLIT_PLACE, splitConditions } from "./split.ts";
export { scoredTable, scoreTestRows, type ScorePorts, type ScoreRequest } from "./score.ts";
export type { TrainingResult } from "./register-version.ts";
export { trainingErrors } from "./errors.ts";
