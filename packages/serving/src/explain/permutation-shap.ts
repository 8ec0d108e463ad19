export interface PermutationOptions {
  readonly features: number;
  /** Orders of the features that are drawn; each is gone through forwards and backwards. */
  readonly permutations: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** What is answered, of each output, where the marked features are the explained row's and the others the background's. */
export type EvaluateMasks = (masks: readonly Uint8Array[]) => Promise<readonly Float64Array[]>;

export interface PermutationShap {
  /** Of each output what every feature adds: [outputs, features]. */
  readonly contributions: readonly Float64Array[];
  /** Of each output what is answered to the background. */
  readonly base: Float64Array;
}

/** Over how many sets of features the model is asked, those of none and of all left out. */
export function masksOf({ features, permutations }: Pick<PermutationOptions, "features" | "permutations">): number {
  return 2 * Math.max(0, features - 1) * permutations;
}

/**
 * Shapley values by sampled permutations, each with its reverse (Štrumbelj and Kononenko, "Explaining prediction models and
 * individual predictions with feature contributions", 2014; the antithetic pairs are those of shap's PermutationExplainer).
 * Contributions and base add up to what is answered to the row, up to rounding; of a model in which features act by themselves
 * or in pairs they are exact.
 */
export async function permutationShap(options: PermutationOptions, evaluate: EvaluateMasks): Promise<PermutationShap> {
  const { features, permutations } = options;
  const [base = new Float64Array(), whole = base] = await evaluate([
    new Uint8Array(features),
    new Uint8Array(features).fill(1),
  ]);
  const sums = Array.from(base, () => new Float64Array(features));
  for (let drawn = 0; drawn < permutations; drawn += 1) {
    const order = shuffled(options);
    const inner = await evaluate([...growing(order), ...shrinking(order)]);
    const forwards = [base, ...inner.slice(0, features - 1), whole];
    const backwards = [whole, ...inner.slice(features - 1), base];
    for (const [at, feature] of order.entries())
      for (const [output, sum] of sums.entries())
        sum[feature] =
          (sum[feature] as number) +
          difference({ more: forwards[at + 1], less: forwards[at], output }) +
          difference({ more: backwards[at], less: backwards[at + 1], output });
  }
  const contributions = sums.map((sum) => sum.map((all) => all / (2 * permutations)));
  return { contributions, base };
}

function difference({
  more,
  less,
  output,
}: {
  readonly more: Float64Array | undefined;
  readonly less: Float64Array | undefined;
  readonly output: number;
}): number {
  return (more?.[output] ?? Number.NaN) - (less?.[output] ?? Number.NaN);
}

/** The first feature of the order, the first two, and so on; not all of them. */
function growing(order: readonly number[]): readonly Uint8Array[] {
  const mask = new Uint8Array(order.length);
  return order.slice(0, -1).map((feature) => {
    mask[feature] = 1;
    return mask.slice();
  });
}

/** All without the first, without the first two, and so on. */
function shrinking(order: readonly number[]): readonly Uint8Array[] {
  return growing(order).map((mask) => mask.map((isThere) => 1 - isThere));
}

/** By Fisher and Yates. */
function shuffled({ features, random }: PermutationOptions): readonly number[] {
  const order = Array.from({ length: features }, (_, at) => at);
  for (let at = features - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return order;
}

/** Numbers from 0 to 1 that are the same for the same seed (SplitMix32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
