import type { Clock } from "@millwright/kernel";
import { inferenceErrors } from "../inference/errors.ts";
import { readInputs, type GivenTensor } from "../inference/inputs.ts";
import { wholeNumber, type Parameters } from "../inference/parameters.ts";
import type { AskedBy, InferenceModel } from "../inference/ports.ts";
import type { ServedModel } from "../inference/served-model.ts";
import { nanoseconds } from "../inference/statistics.ts";
import { badRequest, NUMBERS, quoted, type Tensor, type TensorSpec } from "../inference/tensor.ts";
import { whyNotAsked } from "./explanation-way.ts";
import { featuresOf, maskedRows, requireAlike, rowSize, type MaskedRows } from "./masked-rows.ts";
import { masksOf, permutationShap, seededRandom } from "./permutation-shap.ts";

/** What is to be explained of a model that does not say why by itself. */
export interface ExplainQuestion {
  readonly inputs: readonly GivenTensor[];
  /** Rows that stand for what is usual. */
  readonly background: readonly GivenTensor[];
  /** `npermutations`, `seed` and `output`. */
  readonly parameters: Parameters;
  readonly by: AskedBy;
  readonly arrivedMs: number;
}

const PERMUTATIONS = 10;
const BACKGROUND_ROWS_MAX = 100;
const EXPLAINED_ROWS_MAX = 100;
const PERMUTATIONS_MAX = 1_000;
/** Of all rows that the model is asked for one request. */
const EVALUATIONS_MAX = 1_000_000;
/** Rows, and elements, of one execution. */
const ROWS_AT_ONCE = 1_024;
const ELEMENTS_AT_ONCE = 2 ** 20;

/**
 * Explains a model's numbers by asking it: of each row what every feature adds, and last what is answered to the background on
 * average, [rows, features + 1] or [rows, outputs, features + 1]. The same question has the same answer. Its rows take their
 * turn in the model's own queue, with the caller's deadline. Throws what the model throws, `inference/no-explanation`,
 * `inference/bad-request`, `inference/too-large`, `inference/cancelled`.
 */
export async function explainModel(served: ServedModel, question: ExplainQuestion, clock: Clock): Promise<Tensor> {
  const { statistics } = served;
  const begunMs = clock.monotonicMs();
  try {
    const explained = await served.use(() => explain(served, question));
    const endedMs = clock.monotonicMs();
    const phases = {
      queueNs: nanoseconds(begunMs - question.arrivedMs),
      inputNs: 1,
      inferNs: nanoseconds(endedMs - begunMs),
      outputNs: 1,
    };
    statistics.succeeded(phases, { rows: explained.shape[0] ?? 0, nowMs: clock.nowMs() });
    return explained;
  } catch (error) {
    statistics.failed(nanoseconds(clock.monotonicMs() - begunMs));
    throw error;
  }
}

async function explain(served: ServedModel, { inputs: given, background: usual, parameters, by }: ExplainQuestion) {
  const { model } = served;
  requireExplainable(served);
  const output = explainedOutput(model, parameters["output"]);
  const inputs = readInputs(given, model.inputs);
  const background = readBackground(usual, model.inputs);
  requireAlike(inputs, background);
  const rows = rowsOf(inputs, { called: "rows to explain", most: EXPLAINED_ROWS_MAX });
  const features = featuresOf(inputs);
  const permutations = permutationsOf(parameters);
  requireBounded({ rows, features: features.length, permutations, usual: background[0]?.shape[0] ?? 0 });
  const seed = wholeNumber(parameters, "seed") ?? 0;
  const found: Float64Array[] = [];
  let outputs = 1;
  let tail: readonly number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const ask = askerOf(served, { rows: { inputs, background, row, features }, output, by });
    const told = await permutationShap(
      { features: features.length, permutations, random: seededRandom(seed) },
      ask.evaluate,
    );
    outputs = told.base.length;
    tail = ask.tail();
    found.push(...told.contributions.map((all, at) => Float64Array.of(...all, told.base[at] ?? Number.NaN)));
  }
  const width = features.length + 1;
  const data = new Float64Array(found.length * width);
  for (const [at, one] of found.entries()) data.set(one, at * width);
  const shape = tail.length === 0 || outputs === 1 ? [rows, width] : [rows, outputs, width];
  return { name: "explanations", datatype: "FP64" as const, shape, data };
}

/** Throws `inference/bad-request` where they are no background of a model. */
export function readBackground(given: readonly GivenTensor[], specs: readonly TensorSpec[]): readonly Tensor[] {
  const background = readInputs(given, specs);
  rowsOf(background, { called: "rows of the background", most: BACKGROUND_ROWS_MAX });
  return background;
}

function requireExplainable(served: ServedModel): void {
  const because = whyNotAsked(served);
  if (because !== undefined) throw notExplained(served.name, because);
}

function notExplained(name: string, because: string): Error {
  return inferenceErrors.create("inference/no-explanation", { because: `${quoted(name)}: ${because}` });
}

/** The output that is named, else the first one of numbers. */
function explainedOutput({ outputs }: InferenceModel, named: unknown): string {
  const numbers = outputs.filter(({ datatype }) => NUMBERS.includes(datatype));
  const found =
    named === undefined
      ? numbers.find(({ isOnRequest }) => isOnRequest !== true)
      : numbers.find(({ name }) => name === named);
  if (found !== undefined) return found.name;
  if (named !== undefined) throw badRequest(`the model has no output ${quoted(named)} of numbers`);
  throw inferenceErrors.create("inference/no-explanation", { because: "none of its outputs is of numbers" });
}

function rowsOf(
  inputs: readonly Tensor[],
  { called, most }: { readonly called: string; readonly most: number },
): number {
  const rows = inputs[0]?.shape[0] ?? 0;
  const odd = inputs.find(({ shape: [size] }) => size !== rows);
  if (odd !== undefined) throw badRequest(`${odd.name} has ${odd.shape[0]} rows and ${inputs[0]?.name} ${rows}`);
  if (rows > 0 && rows <= most) return rows;
  throw badRequest(`there are ${rows} ${called}, where there may be 1 to ${most}`);
}

function permutationsOf(parameters: Parameters): number {
  const given = wholeNumber(parameters, "npermutations") ?? PERMUTATIONS;
  if (given >= 1 && given <= PERMUTATIONS_MAX) return given;
  throw badRequest(`\`npermutations\` is ${given}, and is a number from 1 to ${PERMUTATIONS_MAX}`);
}

function requireBounded(told: {
  readonly rows: number;
  readonly features: number;
  readonly permutations: number;
  readonly usual: number;
}): void {
  const evaluations = told.rows * told.usual * (2 + masksOf(told));
  if (evaluations <= EVALUATIONS_MAX) return;
  throw inferenceErrors.create("inference/too-large", {
    because: `the model would be asked for ${evaluations} rows, of ${EVALUATIONS_MAX} at the most`,
    remedy: "Explain fewer rows at once, against fewer rows of background, or with fewer `npermutations`.",
  });
}

interface Asking {
  readonly rows: MaskedRows;
  readonly output: string;
  readonly by: AskedBy;
}

/** Asks the model through its own queue, and takes of each mask the mean over the background. */
function askerOf(served: ServedModel, asking: Asking) {
  const { rows, by } = asking;
  const usual = rows.background[0]?.shape[0] ?? 0;
  const atOnce = rowsAtOnce(served, rows.inputs);
  let tail: readonly number[] = [];
  const evaluate = async (masks: readonly Uint8Array[]) => {
    const sums: Float64Array[] = [];
    for (let from = 0; from < masks.length * usual; from += atOnce) {
      const to = Math.min(from + atOnce, masks.length * usual);
      if (by.isCancelled?.() === true)
        throw inferenceErrors.create("inference/cancelled", { because: "its caller had gone before it was explained" });
      const answer = await answerOf(served, asking, maskedRows(rows, { masks, from, to }));
      tail = answer.shape.slice(1);
      addUp(sums, { answer, from, usual });
    }
    return sums;
  };
  return { evaluate, tail: () => tail };
}

function rowsAtOnce({ model, config }: ServedModel, inputs: readonly Tensor[]): number {
  if (model.inputs.some(({ shape: [rows] }) => rows === 1)) return 1;
  const elements = inputs.reduce((sum, tensor) => sum + rowSize(tensor), 1);
  const most =
    config.max_batch_size === undefined || config.max_batch_size === 0 ? ROWS_AT_ONCE : config.max_batch_size;
  return Math.max(1, Math.min(most, ROWS_AT_ONCE, Math.floor(ELEMENTS_AT_ONCE / elements)));
}

async function answerOf(
  { scheduler }: ServedModel,
  { output, by }: Asking,
  inputs: readonly Tensor[],
): Promise<Tensor> {
  const rows = inputs[0]?.shape[0] ?? 0;
  const { outputs } = await scheduler.run({ ...by, isTrial: true, inputs, outputs: [output], rows });
  const [answer] = outputs;
  if (answer?.shape[0] === rows) return answer;
  throw inferenceErrors.create("inference/bad-answer", {
    because: `${output} has ${answer?.shape[0] ?? "no"} rows, of ${rows} that were asked`,
  });
}

/** Adds each row's share of its mask's mean. */
function addUp(
  sums: Float64Array[],
  { answer, from, usual }: { readonly answer: Tensor; readonly from: number; readonly usual: number },
): void {
  const size = rowSize(answer);
  for (let row = 0; row < (answer.shape[0] ?? 0); row += 1) {
    const mask = Math.floor((from + row) / usual);
    const sum = (sums[mask] ??= new Float64Array(size));
    for (let at = 0; at < size; at += 1) sum[at] = (sum[at] as number) + Number(answer.data[row * size + at]) / usual;
  }
}
