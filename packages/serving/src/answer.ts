import type { Column } from "@millwright/kernel";
import { scoreOutputs, scoreRow, type ClassLabel, type Objective, type TreeModel } from "@millwright/training/serving";

/** What a model says of one row: a probability; a number; or the likeliest class and the probability of each by its name. */
export type Answer =
  | { readonly probability: number }
  | { readonly prediction: number }
  | { readonly prediction: ClassLabel; readonly probabilities: Readonly<Record<string, number>> };

/** The answer to a row of float32 features, NaN for missing. */
export function answerRow(model: TreeModel, row: Float32Array): Answer {
  if (model.objective === "binary") return { probability: scoreRow(model, row) };
  if (model.objective === "squared") return { prediction: scoreRow(model, row) };
  const probabilities = scoreOutputs(model, { row, offset: 0 });
  const likeliest = probabilities.indexOf(Math.max(...probabilities));
  return {
    prediction: model.classes[likeliest] ?? likeliest,
    probabilities: Object.fromEntries(model.classes.map((label, place) => [String(label), probabilities[place] ?? 0])),
  };
}

/** An answer as the prediction log keeps it: a predicted class or number as text. */
export interface LoggedAnswer {
  readonly probability: number | null;
  readonly prediction: string | null;
  readonly probabilities: Readonly<Record<string, number>> | null;
}

export function loggedAnswer(answer: Answer): LoggedAnswer {
  if ("probability" in answer) return { probability: answer.probability, prediction: null, probabilities: null };
  const probabilities = "probabilities" in answer ? answer.probabilities : null;
  return { probability: null, prediction: String(answer.prediction), probabilities };
}

const PROBABILITIES = "map<string, double>";

/** A field of an answer. */
export interface AnswerColumn extends Column {
  /** All that it may be, or what its keys may be: the classes that the model has learned. */
  readonly oneOf?: readonly ClassLabel[];
}

/** What a model calls its rows: the type of its label, and the classes as far as they are known. */
export interface LabelKind {
  readonly type: string;
  readonly classes: readonly ClassLabel[];
}

/** The answer's fields beside `id`, by what the model has learned. */
export function responseColumns(objective: Objective, label: LabelKind): readonly AnswerColumn[] {
  return [
    { name: "id", type: "string", nullable: false, doc: "Names this prediction in the log." },
    { name: "model_name", type: "string", nullable: false },
    { name: "model_version", type: "string", nullable: false },
    ...answerColumns(objective, label),
  ];
}

function answerColumns(objective: Objective, { type, classes }: LabelKind): readonly AnswerColumn[] {
  if (objective === "binary") return [{ name: "probability", type: "double", nullable: false }];
  if (objective === "squared") return [{ name: "prediction", type: "double", nullable: false }];
  const known = classes.length === 0 ? {} : { oneOf: classes };
  return [
    { name: "prediction", type, nullable: false, doc: "The likeliest class.", ...known },
    { name: "probabilities", type: PROBABILITIES, nullable: false, doc: "Of each class, by its name.", ...known },
  ];
}

/** What tells of each row which of the versions that share a service's requests has answered it. */
export const VARIANT_OUTPUTS = ["variant", "model_version"] as const;

/** A tensor of the Open Inference Protocol, without its data. */
export interface AnswerTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The classes by their place in a row of `probabilities`. */
  readonly parameters?: { readonly classes: string };
}

/** What a model answers so many rows with, in the protocol's words. -1 is any number of rows. */
export function answerTensors({ objective, classes }: TreeModel, rows: number): readonly AnswerTensor[] {
  if (objective === "binary") return [{ name: "probability", datatype: "FP64", shape: [rows] }];
  if (objective === "squared") return [{ name: "prediction", datatype: "FP64", shape: [rows] }];
  const [label] = classes;
  const datatype = typeof label === "number" ? "INT64" : typeof label === "boolean" ? "BOOL" : "BYTES";
  return [
    { name: "prediction", datatype, shape: [rows] },
    {
      name: "probabilities",
      datatype: "FP64",
      shape: [rows, classes.length],
      parameters: { classes: JSON.stringify(classes) },
    },
  ];
}

/** A tensor's data, row by row. */
export function tensorData(name: string, answers: readonly Answer[]): readonly unknown[] {
  return answers.flatMap((answer) => {
    const value = (answer as Readonly<Record<string, unknown>>)[name];
    return typeof value === "object" && value !== null ? Object.values(value) : [value];
  });
}
