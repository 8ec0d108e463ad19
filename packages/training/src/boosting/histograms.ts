import type { GradientBoosting } from "../define-training.ts";
import { FOUND, foundAt, type SharedTraining } from "./shared.ts";

const BINS = 256;

/** One thread's histograms: for each leaf in the making, gradient and hessian sums by bin of this thread's features. */
export class Histograms {
  readonly #shared: SharedTraining;
  readonly #thread: number;
  readonly #features: readonly number[];
  readonly #slots: Float64Array[] = [];

  constructor(shared: SharedTraining, thread: number) {
    this.#shared = shared;
    this.#thread = thread;
    this.#features = shared.features[thread] ?? [];
  }

  /** Sums a leaf's rows. Each bin's sum runs over the rows in their order, so it is the same with any number of threads. */
  build({ slot, start, end }: { readonly slot: number; readonly start: number; readonly end: number }): void {
    const width = this.#features.length;
    const histogram = this.#slot(slot).fill(0);
    const block = this.#shared.blocks[this.#thread] as Uint8Array;
    sumRows({ histogram, block, width, order: this.#shared.order, gradients: this.#shared.gradients, start, end });
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
    const { found, options } = this.#shared;
    const base = foundAt(this.#thread, leaf);
    found[base + FOUND.gain] = 0;
    const histogram = this.#slot(slot);
    this.#features.forEach((feature, index) => {
      const part = histogram.subarray(index * BINS * 2, (index + 1) * BINS * 2);
      const bins = (this.#shared.thresholds[feature]?.[0] ?? 0) + 1;
      scanFeature({ part, bins, feature, rows, found, base, options });
    });
  }

  #slot(slot: number): Float64Array {
    return (this.#slots[slot] ??= new Float64Array(this.#features.length * BINS * 2));
  }
}

interface Summing {
  readonly histogram: Float64Array;
  readonly block: Uint8Array;
  readonly width: number;
  readonly order: Int32Array;
  readonly gradients: Float32Array;
  readonly start: number;
  readonly end: number;
}

function sumRows({ histogram, block, width, order, gradients, start, end }: Summing): void {
  for (let index = start; index < end; index += 1) {
    const row = order[index] as number;
    const gradient = gradients[2 * row] as number;
    const hessian = gradients[2 * row + 1] as number;
    const base = row * width;
    for (let f = 0; f < width; f += 1) {
      const at = ((f << 8) + (block[base + f] as number)) << 1;
      histogram[at] = (histogram[at] as number) + gradient;
      histogram[at + 1] = (histogram[at + 1] as number) + hessian;
    }
  }
}

interface Scan {
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
    }
  }
}
