import type { Tensor } from "../inference/tensor.ts";
import type { InferenceModel } from "../inference/ports.ts";
import type { ModelConfig } from "../inference/model-config.ts";
import type { CompactTrees } from "../trees/onnx/compact-trees.ts";
import type { OnnxTrees } from "../trees/onnx/onnx-trees.ts";
import type { TreeEnsemble } from "../trees/tree-ensemble.ts";
import type { TreeFile } from "../trees/tree-file.ts";

/** What is known of a model that another thread has opened. */
type OpenedModel = Omit<InferenceModel, "infer" | "close">;

/** What a thread can be asked, by its name: what it is told and what it answers. */
export interface Tasks {
  /** Nothing: it has started once it answers. */
  readonly begin: { readonly told: undefined; readonly answer: undefined };
  /** The trees of a file of ONNX that is nothing else. */
  readonly readOnnxTrees: { readonly told: { readonly file: string }; readonly answer: OnnxTrees | undefined };
  readonly readTrees: { readonly told: { readonly file: string }; readonly answer: TreeFile };
  /** Opens a file in ONNX Runtime; the session lives in the thread. */
  readonly openOnnx: {
    readonly told: { readonly model: number; readonly file: string; readonly config: ModelConfig };
    readonly answer: OpenedModel;
  };
  readonly infer: {
    readonly told: { readonly model: number; readonly inputs: readonly Tensor[]; readonly outputs: readonly string[] };
    readonly answer: readonly Tensor[];
  };
  readonly close: { readonly told: { readonly model: number }; readonly answer: undefined };
  /** Sums trees over some rows, into memory that both threads have. */
  readonly sumTrees: { readonly told: SharedRows<TreeEnsemble, Float64Array>; readonly answer: undefined };
  readonly sumCompact: { readonly told: SharedRows<CompactTrees, Float32Array>; readonly answer: undefined };
}

interface SharedRows<Trees, Values> {
  readonly trees: Trees;
  /** [rows, features], and [rows, outputs]: of shared memory. */
  readonly values: Values;
  readonly sums: Values;
  readonly from: number;
  readonly to: number;
}

export type TaskName = keyof Tasks;

export interface Request<Name extends TaskName = TaskName> {
  readonly id: number;
  readonly task: Name;
  readonly told: Tasks[Name]["told"];
}

export type Reply =
  | { readonly id: number; readonly answer: Tasks[TaskName]["answer"] }
  /** The error's message. */
  | { readonly id: number; readonly failed: string };
