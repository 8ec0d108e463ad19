import type { InferenceModel } from "../inference/ports.ts";
import type { ServedModel } from "../inference/served-model.ts";
import { NUMBERS, type TensorSpec } from "../inference/tensor.ts";

/** How a model's answers are explained. */
export interface ExplanationWay {
  /** It says itself what each feature adds, or it is asked about other rows, or neither. */
  readonly by: "model" | "asking" | "none";
  /** Why it is not explained; empty where it is. */
  readonly reason: string;
  /** Whether it has rows of its own against which it is explained by asking. */
  readonly has_background: boolean;
  /** What the contributions are of, in their order, as far as that can be known without a request. */
  readonly features: readonly string[];
}

export function explanationWay(served: Pick<ServedModel, "model" | "config">): ExplanationWay {
  const { model } = served;
  const told = { has_background: model.background !== undefined, features: featureNames(model) };
  if (model.explanation !== undefined) return { by: "model", reason: "", ...told };
  const reason = whyNotAsked(served);
  if (reason !== undefined) return { by: "none", reason, ...told };
  const isOfNumbers = model.outputs.some(
    ({ datatype, isOnRequest }) => isOnRequest !== true && NUMBERS.includes(datatype),
  );
  if (!isOfNumbers) return { by: "none", reason: "none of its outputs is of numbers", ...told };
  return { by: "asking", reason: "", ...told };
}

/** Why a model is not asked about other rows to explain it; undefined where it can be. */
export function whyNotAsked({ model, config }: Pick<ServedModel, "model" | "config">): string | undefined {
  if (model.notAsked !== undefined) return model.notAsked;
  if (config.sequence_batching !== undefined) return "its requests are of sequences";
  const isOfRows = model.inputs.every(({ shape: [rows] }) => rows === -1 || rows === 1);
  return isOfRows ? undefined : "its inputs have no dimension of rows";
}

function featureNames({ inputs, explained }: Pick<InferenceModel, "inputs" | "explained">): readonly string[] {
  if (explained !== undefined) return explained;
  const names = inputs.map(namesOf);
  return names.some((own) => own === undefined) ? [] : names.flatMap((own) => own ?? []);
}

/** Of a table each column, of anything else the whole; undefined where the columns are as many as a request has. */
function namesOf({ name, shape, features }: TensorSpec): readonly string[] | undefined {
  if (shape.length !== 2) return [name];
  const [, columns = -1] = shape;
  if (columns < 0) return features;
  return Array.from({ length: columns }, (_, at) => features?.[at] ?? `${name}[${at}]`);
}
