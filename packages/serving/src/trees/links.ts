import { expf } from "./float32-math.ts";
import { exp } from "./float64-math.ts";

/** What a library makes of its trees' sums, as plain data: probabilities, a class, a number. */
export type Link =
  | { readonly by: "identity" | "softmaxSingle" | "highest"; readonly outputs: number }
  | { readonly by: "each"; readonly outputs: number; readonly step: Step }
  | { readonly by: "softmax"; readonly outputs: number; readonly powers: "exact" | "own" }
  /** Of a probability the other one too, which comes first. */
  | { readonly by: "both"; readonly of: Link; readonly isSingle: boolean }
  /** Of the sums' means over so many. */
  | { readonly by: "mean"; readonly of: Link; readonly count: number };

/** What becomes of each sum by itself. */
type Step =
  | { readonly name: Exclude<keyof typeof STEPS, "sigmoid"> }
  /** LightGBM's, by how steep it is. */
  | { readonly name: "sigmoid"; readonly steepness: number };

/** A link that can be asked. */
export interface LinkFunction {
  /** How many numbers a row is answered with. */
  readonly width: number;
  /** From [rows, outputs] to [rows, width], both row by row. */
  readonly answer: (sums: Float64Array) => Float64Array;
}

const STEPS = {
  /** XGBoost's, in float32's steps. */
  sigmoidSingle,
  sigmoid: (sum: number, steepness: number) => 1 / (1 + exp(-steepness * sum)),
  sigmoidOwn: (sum: number) => 1 / (1 + Math.exp(-sum)),
  expSingle: expf,
  exp,
  hinge: (sum: number) => (sum > 0 ? 1 : 0),
  logarithmOfOnePlusExp: (sum: number) => Math.log1p(exp(sum)),
  signedSquare: (sum: number) => Math.sign(sum) * sum * sum,
} as const;

export function linkFunction(link: Link): LinkFunction {
  switch (link.by) {
    case "identity":
      return { width: link.outputs, answer: (sums) => sums };
    case "each": {
      const step: (sum: number, steepness: number) => number = STEPS[link.step.name];
      const steepness = link.step.name === "sigmoid" ? link.step.steepness : 1;
      return { width: link.outputs, answer: (sums) => sums.map((sum) => step(sum, steepness)) };
    }
    case "both":
      return both(linkFunction(link.of), link.isSingle ? Math.fround : (share) => share);
    case "mean": {
      const { width, answer } = linkFunction(link.of);
      return { width, answer: (sums) => answer(sums.map((sum) => sum / link.count)) };
    }
    // Shares of one in float64: the exponentials of the distances to the highest sum.
    case "softmax": {
      const power = link.powers === "exact" ? exp : Math.exp;
      return rowByRow(link.outputs, { width: link.outputs, answer: (sums) => softmax(sums, power) });
    }
    case "softmaxSingle":
      return rowByRow(link.outputs, { width: link.outputs, answer: softmaxSingle });
    // The first of the highest sums, by its place.
    case "highest":
      return rowByRow(link.outputs, { width: 1, answer: (sums) => [sums.indexOf(Math.max(...sums))] });
  }
}

function both({ answer }: LinkFunction, round: (share: number) => number): LinkFunction {
  return {
    width: 2,
    answer: (sums) => {
      const shares = answer(sums);
      return Float64Array.from({ length: shares.length * 2 }, (_, at) => {
        const share = shares[at >>> 1] as number;
        return at % 2 === 1 ? share : round(1 - share);
      });
    },
  };
}

/** The logistic function in float32's steps, as XGBoost has it. */
function sigmoidSingle(sum: number): number {
  return Math.fround(1 / Math.fround(expf(Math.min(-sum, EXPONENT_MAX)) + 1));
}

const EXPONENT_MAX = Math.fround(88.7);

function rowByRow(
  outputs: number,
  { width, answer }: { readonly width: number; readonly answer: (sums: Float64Array) => ArrayLike<number> },
): LinkFunction {
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
