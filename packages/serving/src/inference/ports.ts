import type { ModelConfig } from "./model-config.ts";
import type { Parameters } from "./parameters.ts";
import type { RequestHeaders } from "./request-headers.ts";
import type { Tensor, TensorSpec } from "./tensor.ts";

/** A loaded model: tensors in, tensors out. */
export interface InferenceModel {
  readonly platform: string;
  readonly backend: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** The output that tells why: of each row what every feature adds, and last what is answered on average. */
  readonly explanation?: string | undefined;
  /** What it takes in memory, as far as that can be measured; else its file's size is taken for it. */
  readonly bytes?: number;
  /** Computes the named outputs, in that order. Inputs are of the declared datatypes and fit the declared shapes. */
  infer(inputs: readonly Tensor[], outputs: readonly string[], asked?: AskedBy): Promise<readonly Tensor[]>;
  close(): Promise<void>;
}

/**
 * What a request said of itself, where it was executed alone; a model that asks others hands it on to them. Beside others in
 * a batch, and where its answer may be another's that is kept, a model has its inputs to go by and nothing else.
 */
export interface AskedBy {
  /** The caller's own name for it. */
  readonly id?: string | undefined;
  readonly parameters?: Parameters | undefined;
  /** What came beside it, over either protocol. Made when it is asked for: most models do not. */
  readonly headers?: (() => RequestHeaders) | undefined;
  /** When its caller no longer waits for the answer, on the monotonic clock. */
  readonly deadlineMs?: number | undefined;
  /** From 1, the first; 0 is the model's default. */
  readonly priority?: number | undefined;
  /** Whether its caller has gone. */
  readonly isCancelled?: (() => boolean) | undefined;
  /** The models that have asked for it, the caller's own first; none where it came from outside. */
  readonly through?: readonly string[] | undefined;
}

/** Opens a model's file as its configuration asks. Throws what the runtime says of a file that is none. */
export type OpenModel = (file: string, config: ModelConfig) => Promise<InferenceModel>;
