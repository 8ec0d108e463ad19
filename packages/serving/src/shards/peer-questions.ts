import type { AskedBy } from "../inference/ports.ts";
import type { Parameters } from "../inference/parameters.ts";
import type { RequestHeaders } from "../inference/request-headers.ts";
import type { Tensor, TensorSpec } from "../inference/tensor.ts";
import type { CountedCopy } from "./lent-models.ts";

// What the processes of one server ask one another.

export interface ModelAsked {
  readonly name: string;
  readonly version: string | undefined;
}

export type AnswersAsked = Pick<ModelAsked, "name">;

/** A model as the others see it. */
export interface PeerModel {
  readonly version: string;
  readonly platform: string;
  readonly backend: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly explanation: string | undefined;
  readonly answersBody: boolean;
  /** Of this load of it alone, in whichever process. */
  readonly load: string;
}

/** `AskedBy` without what cannot cross; clocks are of their process, so that a deadline is what is left until it. */
export interface WireAskedBy extends Pick<AskedBy, "id" | "priority" | "through"> {
  readonly parameters: Parameters | undefined;
  readonly headers: RequestHeaders | undefined;
  readonly leftMs: number | undefined;
}

export interface InferAsked extends ModelAsked {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly by: WireAskedBy;
}

export interface BodyAsked extends ModelAsked {
  readonly body: string;
  readonly by: WireAskedBy;
}

/** A process asks for a copy; `by` is its place. */
export interface LendAsked {
  readonly name: string;
  readonly by: number;
}

/** A copy of one load. */
export type CopyAsked = Pick<CountedCopy, "name" | "load">;

export interface RenewAsked {
  readonly copies: readonly CopyAsked[];
  readonly by: number;
}

export interface GiveBackAsked {
  readonly counted: CountedCopy;
  readonly by: number;
}

/** The process of this place asks what copies of its models have counted. */
export interface CountedAsked {
  readonly home: number;
}

/** One call of gRPC, whose model is another process's. */
export interface GrpcAsked {
  readonly method: string;
  readonly message: Buffer;
  /** All values of each key of its metadata. */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  /** Wall time since the epoch; infinite where there is none. */
  readonly deadlineMs: number;
}
