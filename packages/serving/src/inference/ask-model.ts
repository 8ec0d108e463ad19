import { inferenceErrors } from "./errors.ts";
import type { InferCall, WantedOutput } from "./infer.ts";
import type { InferenceServer } from "./inference-server.ts";
import type { GivenTensor } from "./inputs.ts";
import type { AskedBy } from "./ports.ts";
import type { ServedModel } from "./served-model.ts";
import type { Tensor } from "./tensor.ts";

/** What one model asks of another. */
export interface ModelQuestion {
  /** The model that asks. */
  readonly asker: string;
  readonly name: string;
  /** The newest that is served, unless one is named. */
  readonly version?: string | undefined;
  /** `given(tensor)` has a tensor as one of them. Where they depend on what the model takes, they are made of it. */
  readonly inputs: readonly GivenTensor[] | ((served: ServedModel) => readonly GivenTensor[]);
  /** All of the model's, in its order, unless some are asked for. */
  readonly outputs?: readonly WantedOutput[] | undefined;
}

export interface ModelAnswer {
  readonly served: ServedModel;
  readonly outputs: readonly Tensor[];
}

/**
 * Asks a model of the server as its callers do: it is loaded where it is loaded on demand, its inputs are read, it waits its
 * turn, and its statistics count it. `by` is what the asking model was told of its own request. Throws what the model throws,
 * `inference/unknown-model`, `inference/not-ready`, and `inference/circle` where the model asks for its own answer.
 */
export type AskModel = (question: ModelQuestion, by?: AskedBy) => Promise<ModelAnswer>;

/** `server` is asked for when a model is: a server's models may be made before it is. */
export function createAskModel(server: () => Pick<InferenceServer, "models" | "infer" | "clock">): AskModel {
  return async ({ asker, name, version, inputs, outputs }, by = {}) => {
    const { models, infer, clock } = server();
    const through = [...(by.through ?? []), asker];
    if (through.includes(name))
      throw inferenceErrors.create("inference/circle", { because: [...through, name].join(" asks ") });
    const served = await models.obtain(name, version);
    const taken = typeof inputs === "function" ? inputs(served) : inputs;
    const call: InferCall = { ...by, inputs: taken, outputs, through, arrivedMs: clock.monotonicMs() };
    return { served, outputs: await infer(served, call) };
  };
}
