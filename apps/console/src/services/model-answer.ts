import type { ServedModel } from "@millwright/client";

/** A tensor of an answer. */
export interface AnsweredTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

/** Why one output is what it is. */
export interface Contributions {
  readonly base: number;
  readonly contributions: readonly {
    readonly feature: string;
    readonly value: string;
    readonly contribution: number;
  }[];
}

/** An answer's tensors; of whole numbers that are larger than numbers are exact, the digits as they came. */
export function tensorsIn(answer: string): readonly AnsweredTensor[] {
  const { outputs = [] } = JSON.parse(answer, exactly) as { readonly outputs?: readonly AnsweredTensor[] };
  return outputs;
}

function exactly(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isLarge = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isLarge ? (context?.source ?? value) : value;
}

/** What each feature adds, of each output of the first row that was explained; `values` are those of the request. */
export function contributionsIn(
  answer: string,
  { explained: { features } }: Pick<ServedModel, "explained">,
  values: readonly string[],
): readonly Contributions[] {
  const { explanations } = JSON.parse(answer) as { readonly explanations: readonly (readonly unknown[])[] };
  const [first = []] = explanations;
  if (first.length === 0) return [];
  const rows = (Array.isArray(first[0]) ? first : [first]) as readonly (readonly number[])[];
  return rows.map((row) => ({
    base: row.at(-1) ?? Number.NaN,
    contributions: row
      .slice(0, -1)
      .map((contribution, at) => ({
        feature: features.length === row.length - 1 ? (features[at] ?? "") : `feature ${at}`,
        value: values.length === row.length - 1 ? (values[at] ?? "") : "",
        contribution,
      }))
      .toSorted((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution)),
  }));
}
