import type { GradientBoosting } from "../define-training.ts";
import { BINS, FEATURE_BYTES, type Kernels } from "./kernels/kernels.ts";
import { scanCategories } from "./scan-categories.ts";
import { FOUND, foundAt, type SharedTraining, type ThreadPlan } from "./shared.ts";

/** Rows of one call of a kernel: short calls let the compiled kernel be replaced by its optimised form early. */
const ROWS_A_CALL = 32_768;

/** One thread's histograms: for each leaf in the making, gradient and hessian sums by bin of this thread's features. */
export class Histograms {
  readonly #shared: SharedTraining;
  readonly #thread: number;
  readonly #plan: ThreadPlan;
  readonly #kernels: Kernels;
  readonly #slots: Float64Array[] = [];

  constructor(shared: SharedTraining, { kernels, thread }: { readonly kernels: Kernels; readonly thread: number }) {
    const plan = shared.threads[thread];
    if (plan === undefined) throw new Error("a thread has no plan");
    this.#shared = shared;
    this.#thread = thread;
    this.#plan = plan;
    this.#kernels = kernels;
  }

  /** Sums a leaf's rows. Each bin's sum runs over the rows in their order, so it is the same with any number of threads. */
  build({ slot, start, end }: { readonly slot: number; readonly start: number; readonly end: number }): void {
    const { places } = this.#shared;
    this.#slot(slot).fill(0);
    for (const { features, first, block } of this.#plan.groups) {
      const histogram = this.#address(slot) + first * FEATURE_BYTES;
      for (let from = start; from < end; from += ROWS_A_CALL) {
        const to = Math.min(end, from + ROWS_A_CALL);
        const [order, orderEnd] = [places.order + from * 4, places.order + to * 4];
        this.#kernels.sum(features.length, { order, orderEnd, gradients: places.gradients, block, histogram });
      }
    }
  }

  /** The larger child is the parent less the smaller one. The parent's memory becomes the larger child's. */
  subtract({ small, large }: { readonly small: number; readonly large: number }): void {
    const from = this.#slot(large);
    const what = this.#slot(small);
    for (let index = 0; index < from.length; index += 1)
      from[index] = (from[index] as number) - (what[index] as number);
  }

  /** Writes this thread's best split of a leaf. */
  find({ slot, leaf, rows }: { readonly slot: number; readonly leaf: 0 | 1; readonly rows: number }): void {
    const { found, options, categorical } = this.#shared;
    const base = foundAt(this.#thread, leaf);
    found[base + FOUND.gain] = 0;
    const histogram = this.#slot(slot);
    this.#plan.features.forEach((feature, index) => {
      const part = histogram.subarray(index * BINS * 2, (index + 1) * BINS * 2);
      const bins = (this.#shared.thresholds[feature]?.[0] ?? 0) + 1;
      if (index === 0) this.#totals({ part, bins, base });
      const scan = categorical[feature] === true ? scanCategories : scanFeature;
      scan({ part, bins, feature, rows, found, base, options });
    });
  }

  /** Of all the leaf's rows, by the thread's first feature: each row is in one of its bins. */
  #totals({ part, bins, base }: { readonly part: Float64Array; readonly bins: number; readonly base: number }): void {
    let [gradient, hessian] = [0, 0];
    for (let bin = 0; bin <= bins; bin += 1) {
      gradient += part[2 * bin] as number;
      hessian += part[2 * bin + 1] as number;
    }
    this.#shared.found[base + FOUND.gradient] = gradient;
    this.#shared.found[base + FOUND.hessian] = hessian;
  }

  #address(slot: number): number {
    return this.#plan.histograms + slot * this.#plan.features.length * FEATURE_BYTES;
  }

  #slot(slot: number): Float64Array {
    const length = this.#plan.features.length * BINS * 2;
    return (this.#slots[slot] ??= new Float64Array(this.#shared.memory.buffer, this.#address(slot), length));
  }
}

/** One feature's histogram of a leaf, and where the best split so far is kept. */
export interface Scan {
  readonly part: Float64Array;
  readonly bins: number;
  readonly feature: number;
  readonly rows: number;
  readonly found: Float64Array;
  readonly base: number;
  readonly options: GradientBoosting;
}

/** Tries each threshold, with missing values on either side. Gain is LightGBM's: G²/(H+λ) of both sides less the whole. */
function scanFeature({ part, bins, feature, rows, found, base, options }: Scan): void {
  const [missingG, missingH] = [part[0] as number, part[1] as number];
  let [totalG, totalH] = [missingG, missingH];
  for (let bin = 1; bin <= bins; bin += 1) {
    totalG += part[2 * bin] as number;
    totalH += part[2 * bin + 1] as number;
  }
  const { lambda, minHessianInLeaf, minDataInLeaf } = options;
  const whole = (totalG * totalG) / (totalH + lambda);
  // A side's rows are estimated by its share of the hessian, as LightGBM does.
  const minHessian = Math.max(minHessianInLeaf, (minDataInLeaf / rows) * totalH);
  const sides = missingH > 0 ? 2 : 1;
  for (let side = 0; side < sides; side += 1) {
    let [leftG, leftH] = side === 1 ? [missingG, missingH] : [0, 0];
    for (let bin = 1; bin < bins; bin += 1) {
      leftG += part[2 * bin] as number;
      leftH += part[2 * bin + 1] as number;
      const rightH = totalH - leftH;
      if (leftH < minHessian) continue;
      if (rightH < minHessian) break;
      const rightG = totalG - leftG;
      const gain = (leftG * leftG) / (leftH + lambda) + (rightG * rightG) / (rightH + lambda) - whole;
      if (gain <= (found[base + FOUND.gain] as number)) continue;
      found[base + FOUND.gain] = gain;
      found[base + FOUND.feature] = feature;
      found[base + FOUND.bin] = bin;
      found[base + FOUND.missingLeft] = side;
      found[base + FOUND.leftGradient] = leftG;
      found[base + FOUND.leftHessian] = leftH;
      found[base + FOUND.lambda] = lambda;
    }
  }
}
