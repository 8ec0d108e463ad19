import { Histograms } from "./histograms.ts";
import { startKernels } from "./kernels/kernels.ts";
import { fillGradients, fillNormalizers } from "./objectives.ts";
import { Partition } from "./partition.ts";
import {
  COMMAND,
  DO_GATHER,
  DO_GRADIENTS,
  DO_HISTOGRAMS,
  DO_NORMALIZE,
  DO_PARTITION,
  DO_SCORES,
  DO_VALIDATE,
  END,
  HAS_LARGE,
  LEAVES,
  OUTPUT,
  ROWS_LARGE,
  shareOf,
  SLOT_LARGE,
  SLOT_SMALL,
  START,
  viewsOf,
  type SharedTraining,
  type Views,
} from "./shared.ts";
import { tryTree } from "./validation.ts";

/** One thread's part of the work. The leader is thread 0 and does its part too. */
export class TrainingThread {
  readonly #shared: SharedTraining;
  readonly #thread: number;
  readonly #views: Views;
  readonly #histograms: Histograms;
  readonly #partition: Partition;

  constructor(shared: SharedTraining, thread: number) {
    this.#shared = shared;
    this.#thread = thread;
    this.#views = viewsOf(shared);
    const kernels = startKernels(shared.kernels, shared.memory);
    this.#histograms = new Histograms(shared, { kernels, thread });
    this.#partition = new Partition(shared, { views: this.#views, kernels, thread });
  }

  /** Does what the control block says. */
  work(): void {
    const { control, threads } = this.#shared;
    const command = control[COMMAND];
    if (command === DO_GRADIENTS) this.#gradients();
    else if (command === DO_HISTOGRAMS) this.#splits();
    else if (command === DO_PARTITION) this.#partition.sort(threads.length);
    else if (command === DO_GATHER) this.#partition.gather(threads.length);
    else if (command === DO_SCORES) this.#scores();
    else if (command === DO_VALIDATE) this.#validate();
    else if (command === DO_NORMALIZE) fillNormalizers(this.#shared, this.#views, this.#share());
  }

  /** The leader alone, where waking the others would take longer than the work. */
  partitionAlone(): void {
    this.#partition.sort(1);
    this.#partition.gather(1);
  }

  /** Of a share of the rows, all of which are in the root again. */
  #gradients(): void {
    const { order } = this.#views;
    const { from, to } = this.#share();
    fillGradients(this.#shared, this.#views, { from, to, output: this.#shared.control[OUTPUT] as number });
    for (let row = from; row < to; row += 1) order[row] = row;
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

  /** Adds the finished tree's values to a share of the rows. */
  #scores(): void {
    const { scores, order, leafRanges, leafValues } = this.#views;
    const { from, to } = this.#share();
    const leaves = this.#shared.control[LEAVES] as number;
    const first = (this.#shared.control[OUTPUT] as number) * this.#shared.rows;
    for (let leaf = 0; leaf < leaves; leaf += 1) {
      const value = leafValues[leaf] as number;
      const end = Math.min(to, leafRanges[2 * leaf + 1] as number);
      for (let index = Math.max(from, leafRanges[2 * leaf] as number); index < end; index += 1) {
        const at = first + (order[index] as number);
        scores[at] = (scores[at] as number) + value;
      }
    }
  }

  #validate(): void {
    const { validation, threads, control } = this.#shared;
    const output = control[OUTPUT] as number;
    if (validation !== undefined) tryTree(validation, { thread: this.#thread, threads: threads.length, output });
  }

  #share(): { readonly from: number; readonly to: number } {
    const { rows, threads } = this.#shared;
    return shareOf({ start: 0, end: rows }, { thread: this.#thread, threads: threads.length });
  }
}
