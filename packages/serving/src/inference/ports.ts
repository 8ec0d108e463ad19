import type { GivenTensor } from "./inputs.ts";
import type { ModelConfig } from "./model-config.ts";
import type { FormatName } from "./model-format.ts";
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
  /** What the contributions of its explanation are of, where that is not its inputs' elements. */
  readonly explained?: readonly string[];
  /** Rows that stand for what is usual: against them it is explained by asking it. */
  readonly background?: readonly GivenTensor[];
  /** Why it is not asked about other rows in order to explain it; unless told it may be. */
  readonly notAsked?: string;
  /** What it takes in memory, as far as that can be measured; else its file's size is taken for it. */
  readonly bytes?: number;
  /** How many executions it takes at once, where that is its own to say. */
  readonly executions?: number;
  /** Of a model that runs in processes of its own. */
  readonly workers?: () => WorkersReport;
  /** Computes the named outputs, in that order. Inputs are of the declared datatypes and fit the declared shapes. */
  infer(inputs: readonly Tensor[], outputs: readonly string[], asked?: AskedBy): Promise<readonly Tensor[]>;
  /**
   * Answers a body of KServe's first protocol as it is, with the status that it would have over HTTP. Where a model has it
   * not, the body is read as its inputs.
   */
  answerBody?(body: string, asked: AskedBy): Promise<{ readonly status: number; readonly body: string }>;
  /** Of a graph of models: its nodes, and what each step has been asked. */
  readonly graph?: (() => GraphView) | undefined;
  close(): Promise<void>;
}

/** The processes of a model: counts since it was loaded, and what they take now. */
export interface WorkersReport {
  readonly running: number;
  readonly starting: number;
  readonly wanted: number;
  readonly starts: number;
  readonly crashes: number;
  /** How long starts took, all together, until the model answered. */
  readonly startedMs: number;
  /** Memory of the running ones. */
  readonly bytes: number;
  /** Of those that are there. */
  readonly pids: readonly number[];
}

/** A graph of models as it is shown. */
export interface GraphView {
  readonly nodes: Readonly<Record<string, { readonly routerType: string; readonly steps: readonly StepView[] }>>;
}

export interface StepView {
  readonly name: string;
  readonly to: "node" | "model" | "address";
  readonly target: string;
  readonly weight?: number;
  readonly condition?: string;
  readonly data?: string;
  readonly dependency: "Soft" | "Hard";
  readonly requests: number;
  readonly failures: number;
  /** Requests whose condition sent them another way. */
  readonly skipped: number;
  /** Time of all its requests together, in seconds. */
  readonly seconds: number;
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
  /** Of a model whose requests belong to sequences: the one that it belongs to. */
  readonly sequence?: AskedSequence | undefined;
  /** The models that have asked for it, the caller's own first; none where it came from outside. */
  readonly through?: readonly string[] | undefined;
  /** It is asked in order to explain another answer: nothing of it is kept, and nobody is judged by it. */
  readonly isTrial?: boolean | undefined;
}

interface AskedSequence {
  /** The same for all its requests, and no other's. */
  readonly key: object;
  readonly isStart: boolean;
  /** How long after a request the next one may come. */
  readonly idleMs: number;
}

/** Opens a model's file as its configuration asks. Throws what the runtime says of a file that is none. */
export type OpenModel = (file: string, config: ModelConfig, when?: OpenedWhen) => Promise<InferenceModel>;

interface OpenedWhen {
  /** Whether requests are answered meanwhile: then the loop that answers them is not to be held up. */
  readonly isAnswering?: boolean;
  /** What holds of a file whose name does not tell its format. */
  readonly format?: FormatName | undefined;
}
