import { compareValues, type PlanValue } from "./values.ts";

/** What is known of one column's values in a file: all of them lie in here, and perhaps fewer. */
export interface Range {
  /** Inclusive; absent where nothing is known. NaN lies outside both. */
  readonly lower?: PlanValue;
  readonly upper?: PlanValue;
  readonly mayBeNull: boolean;
  readonly mayBeNaN: boolean;
  /** False where all is null or NaN. */
  readonly mayHaveValue: boolean;
  /** Whether a value may be among them; by the hash of a bucket. */
  readonly admits?: (value: PlanValue) => boolean;
}

export const ANYTHING: Range = { mayBeNull: true, mayBeNaN: true, mayHaveValue: true };
export const NULLS: Range = { mayBeNull: true, mayBeNaN: false, mayHaveValue: false };

/** What both say. */
export function intersect(one: Range, other: Range): Range {
  if (one === ANYTHING) return other;
  if (other === ANYTHING) return one;
  const lower = farther(one.lower, other.lower, 1);
  const upper = farther(one.upper, other.upper, -1);
  const admits = one.admits ?? other.admits;
  return {
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
    mayBeNull: one.mayBeNull && other.mayBeNull,
    mayBeNaN: one.mayBeNaN && other.mayBeNaN,
    mayHaveValue: one.mayHaveValue && other.mayHaveValue,
    ...(admits === undefined ? {} : { admits }),
  };
}

function farther(one: PlanValue | undefined, other: PlanValue | undefined, sign: 1 | -1): PlanValue | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareValues(one, other) * sign >= 0 ? one : other;
}
