import { SET_WORDS } from "../model/tree-model.ts";
import type { Scan } from "./histograms.ts";
import { FOUND } from "./shared.ts";

/**
 * Tries splits of a categorical feature's values into two groups, as LightGBM does: one value against the others where
 * there are few; else the values in the order of G / (H + smoothing), cut from either end. Missing counts as a value.
 */
export function scanCategories(scan: Scan): void {
  const { part, bins, options } = scan;
  let [gradient, hessian] = [0, 0];
  for (let bin = 0; bin <= bins; bin += 1) {
    gradient += part[2 * bin] as number;
    hessian += part[2 * bin + 1] as number;
  }
  const leaf: Leaf = {
    gradient,
    hessian,
    whole: (gradient * gradient) / (hessian + options.lambda),
    // A side's rows are estimated by its share of the hessian, as LightGBM does.
    hessianPerRow: hessian / scan.rows,
  };
  if (bins <= options.maxCategoriesToOneHot) scanEach(scan, leaf);
  else scanOrdered(scan, leaf);
}

interface Leaf {
  readonly gradient: number;
  readonly hessian: number;
  readonly whole: number;
  readonly hessianPerRow: number;
}

interface Side {
  readonly gradient: number;
  readonly hessian: number;
  readonly lambda: number;
  /** The bins that go left. */
  readonly left: readonly number[];
}

function scanEach(scan: Scan, leaf: Leaf): void {
  const { part, bins, options } = scan;
  const least = Math.max(options.minHessianInLeaf, options.minDataInLeaf * leaf.hessianPerRow);
  for (let bin = 0; bin <= bins; bin += 1) {
    const [gradient, hessian] = [part[2 * bin] as number, part[2 * bin + 1] as number];
    if (hessian <= 0 || hessian < least || leaf.hessian - hessian < least) continue;
    keepIfBetter(scan, leaf, { gradient, hessian, lambda: options.lambda, left: [bin] });
  }
}

function scanOrdered(scan: Scan, leaf: Leaf): void {
  const { part, bins, options } = scan;
  const { categorySmoothing, maxCategoriesOnASide } = options;
  const ordered: number[] = [];
  for (let bin = 0; bin <= bins; bin += 1)
    if ((part[2 * bin + 1] as number) > 0 && (part[2 * bin + 1] as number) >= categorySmoothing * leaf.hessianPerRow)
      ordered.push(bin);
  const place = (bin: number) => (part[2 * bin] as number) / ((part[2 * bin + 1] as number) + categorySmoothing);
  ordered.sort((a, b) => place(a) - place(b) || a - b);
  const most = Math.min(maxCategoriesOnASide, (ordered.length + 1) >> 1);
  cutFrom(scan, leaf, ordered.slice(0, most));
  cutFrom(scan, leaf, ordered.toReversed().slice(0, most));
}

/** Puts one value after the other to the left. */
function cutFrom(scan: Scan, leaf: Leaf, ordered: readonly number[]): void {
  const { part, options } = scan;
  const { minHessianInLeaf, minDataInLeaf, minDataPerGroup, lambda, categoryLambda } = options;
  const least = Math.max(minHessianInLeaf, minDataInLeaf * leaf.hessianPerRow);
  const leastOfGroup = minDataPerGroup * leaf.hessianPerRow;
  let [gradient, hessian, group] = [0, 0, 0];
  for (const [index, bin] of ordered.entries()) {
    gradient += part[2 * bin] as number;
    hessian += part[2 * bin + 1] as number;
    group += part[2 * bin + 1] as number;
    const right = leaf.hessian - hessian;
    if (hessian < least) continue;
    if (right < least || right < leastOfGroup) return;
    if (group < leastOfGroup) continue;
    group = 0;
    keepIfBetter(scan, leaf, {
      gradient,
      hessian,
      lambda: lambda + categoryLambda,
      left: ordered.slice(0, index + 1),
    });
  }
}

function keepIfBetter({ feature, found, base }: Scan, leaf: Leaf, { gradient, hessian, lambda, left }: Side): void {
  const [rightG, rightH] = [leaf.gradient - gradient, leaf.hessian - hessian];
  const gain = (gradient * gradient) / (hessian + lambda) + (rightG * rightG) / (rightH + lambda) - leaf.whole;
  if (gain <= (found[base + FOUND.gain] as number)) return;
  found[base + FOUND.gain] = gain;
  found[base + FOUND.feature] = feature;
  found[base + FOUND.bin] = 0;
  found[base + FOUND.missingLeft] = left.includes(0) ? 1 : 0;
  found[base + FOUND.leftGradient] = gradient;
  found[base + FOUND.leftHessian] = hessian;
  found[base + FOUND.lambda] = lambda;
  const words = new Uint32Array(SET_WORDS);
  for (const bin of left) words[bin >>> 5] = (words[bin >>> 5] as number) | (1 << (bin & 31));
  found.set(words, base + FOUND.set);
}
