// A model that is learned, and what it says of rows: all that serving needs of this package.

export { decodeModel } from "./model/model-file.ts";
export { encodersOf, type EncodeCategory } from "./model/encoders.ts";
export { createExplainer, explainTrees, type Explanation } from "./model/explain-row.ts";
export { scoreOutputs, scoreRow } from "./model/score-rows.ts";
export { readSignature } from "./read-signature.ts";
export type { ClassLabel, TreeModel } from "./model/tree-model.ts";
export type { Objective } from "./judgement/metrics.ts";
