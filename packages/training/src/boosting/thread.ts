import { fillBins } from "./bins.ts";
import { Histograms } from "./histograms.ts";
import {
  COMMAND,
  DO_BINS,
  DO_GRADIENTS,
  DO_HISTOGRAMS,
  END,
  HAS_LARGE,
  ROWS_LARGE,
  SLOT_LARGE,
  SLOT_SMALL,
  START,
  type SharedTraining,
} from "./shared.ts";

/** One thread's part of the work. The leader is thread 0 and does its part too. */
export class TrainingThread {
  readonly #shared: SharedTraining;
  readonly #thread: number;
  readonly #histograms: Histograms;

  constructor(shared: SharedTraining, thread: number) {
    this.#shared = shared;
    this.#thread = thread;
    this.#histograms = new Histograms(shared, thread);
  }

  /** Does what the control block says. */
  work(): void {
    const { control } = this.#shared;
    const command = control[COMMAND];
    if (command === DO_BINS) this.#bins();
    else if (command === DO_GRADIENTS) this.#gradients();
    else if (command === DO_HISTOGRAMS) this.#splits();
  }

  #bins(): void {
    const { columns, thresholds, features, blocks, rows } = this.#shared;
    const own = features[this.#thread] ?? [];
    const block = blocks[this.#thread] as Uint8Array;
    own.forEach((feature, at) => {
      const stored = thresholds[feature] as Float32Array;
      const upper = stored.subarray(1, 1 + (stored[0] as number));
      fillBins(columns[feature] as Float32Array, { upper }, { block, width: own.length, at, rows });
    });
  }

  /** Log loss: gradient p − y, hessian p(1 − p), of a share of the rows. */
  #gradients(): void {
    const { scores, labels, gradients, rows, features } = this.#shared;
    const share = Math.ceil(rows / features.length);
    const end = Math.min(rows, (this.#thread + 1) * share);
    for (let row = this.#thread * share; row < end; row += 1) {
      const probability = 1 / (1 + Math.exp(-(scores[row] as number)));
      gradients[2 * row] = probability - (labels[row] as number);
      gradients[2 * row + 1] = probability * (1 - probability);
    }
  }

  #splits(): void {
    const { control } = this.#shared;
    const [start, end] = [control[START] as number, control[END] as number];
    const [small, large] = [control[SLOT_SMALL] as number, control[SLOT_LARGE] as number];
    this.#histograms.build({ slot: small, start, end });
    this.#histograms.find({ slot: small, leaf: 0, rows: end - start });
    if (control[HAS_LARGE] === 0) return;
    this.#histograms.subtract({ small, large });
    this.#histograms.find({ slot: large, leaf: 1, rows: control[ROWS_LARGE] as number });
  }
}
