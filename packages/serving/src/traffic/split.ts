import { murmurHash } from "./murmur-hash.ts";

/** What takes a share of the traffic, by its weight beside the others' weights. */
export interface Weighted {
  readonly name: string;
  readonly weight: number;
}

export interface Split<Target extends Weighted> {
  /** The same target for the same key, as long as the weights stand. */
  choose(key: string): Target;
}

/**
 * Splits keys by weights, by weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): each target draws
 * `-weight / ln(u)` from the hash `u` of its name and the key, and the highest draw takes it. A key leaves its target only
 * if that target's weight falls beside another's: raising 10 percent to 20 keeps the first 10. `salt` makes another
 * assignment of the same keys. Throws a `RangeError` where no target has a weight.
 */
export function createSplit<Target extends Weighted>(
  targets: readonly Target[],
  { salt }: { salt: string },
): Split<Target> {
  const drawing = targets
    .filter(({ weight }) => weight > 0)
    .map((target) => ({ target, weight: target.weight, seed: murmurHash(`${salt}\u0000${target.name}`, 0) }));
  const [only] = drawing;
  if (only === undefined) throw new RangeError("no target of a split has a weight");
  if (drawing.length === 1) return { choose: () => only.target };
  return {
    choose: (key) => {
      let best = only;
      let highest = Number.NEGATIVE_INFINITY;
      for (const one of drawing) {
        const draw = -one.weight / Math.log(unit(murmurHash(key, one.seed)));
        if (draw <= highest) continue;
        highest = draw;
        best = one;
      }
      return best.target;
    },
  };
}

/** Within 0 and 1, neither of them. */
function unit(hash: number): number {
  return (hash + 0.5) / 2 ** 32;
}

/** Why weights are none, in words; undefined where they are. They are percent and make 100 together. */
export function weightsProblem(weights: Readonly<Record<string, number>>): string | undefined {
  const all = Object.entries(weights);
  const odd = all.find(([, weight]) => !Number.isFinite(weight) || weight < 0 || weight > 100);
  if (odd !== undefined) return `the weight of ${odd[0]} is ${odd[1]}, which is no percentage`;
  const sum = all.reduce((total, [, weight]) => total + weight, 0);
  return Math.abs(sum - 100) < 1e-6 ? undefined : `the weights make ${Number(sum.toFixed(4))}, and not 100`;
}
