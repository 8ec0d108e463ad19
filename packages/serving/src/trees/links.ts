import { expf } from "./float32-math.ts";
import { exp } from "./float64-math.ts";

/** What a library makes of its trees' sums: probabilities, a class, a number. */
export interface Link {
  /** How many numbers a row is answered with. */
  readonly width: number;
  /** From [rows, outputs] to [rows, width], both row by row. */
  readonly answer: (sums: Float64Array) => Float64Array;
}

export const LINK = {
  identity: (outputs: number): Link => ({ width: outputs, answer: (sums) => sums }),
  each: (outputs: number, link: (sum: number) => number): Link => ({
    width: outputs,
    answer: (sums) => sums.map((sum) => link(sum)),
  }),
  /** Of a probability the other one too, which comes first. */
  both: ({ answer }: Link, round: (share: number) => number): Link => ({
    width: 2,
    answer: (sums) => {
      const shares = answer(sums);
      return Float64Array.from({ length: shares.length * 2 }, (_, at) => {
        const share = shares[at >>> 1] as number;
        return at % 2 === 1 ? share : round(1 - share);
      });
    },
  }),
  /** Shares of one in float64: the exponentials of the distances to the highest sum. */
  softmax: (outputs: number, powerOf = exp): Link =>
    rowByRow(outputs, { width: outputs, answer: (sums) => softmax(sums, powerOf) }),
  /** The same with float32's steps. */
  softmaxSingle: (outputs: number): Link => rowByRow(outputs, { width: outputs, answer: softmaxSingle }),
  /** The first of the highest sums, by its place. */
  highest: (outputs: number): Link =>
    rowByRow(outputs, { width: 1, answer: (sums) => [sums.indexOf(Math.max(...sums))] }),
} as const;

/** The logistic function in float32's steps, as XGBoost has it. */
export function sigmoidSingle(sum: number): number {
  return Math.fround(1 / Math.fround(expf(Math.min(-sum, EXPONENT_MAX)) + 1));
}

const EXPONENT_MAX = Math.fround(88.7);

function rowByRow(
  outputs: number,
  { width, answer }: { readonly width: number; readonly answer: (sums: Float64Array) => ArrayLike<number> },
): Link {
  return {
    width,
    answer: (sums) => {
      const rows = sums.length / outputs;
      const answers = new Float64Array(rows * width);
      for (let row = 0; row < rows; row += 1)
        answers.set(answer(sums.subarray(row * outputs, (row + 1) * outputs)), row * width);
      return answers;
    },
  };
}

function softmax(sums: Float64Array, powerOf: (sum: number) => number): Float64Array {
  const highest = Math.max(...sums);
  const powers = sums.map((sum) => powerOf(sum - highest));
  const total = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / total);
}

function softmaxSingle(sums: Float64Array): Float64Array {
  const highest = Math.max(...sums);
  const powers = sums.map((sum) => expf(Math.fround(sum - highest)));
  const total = Math.fround(powers.reduce((all, power) => all + power, 0));
  return powers.map((power) => Math.fround(power / total));
}
