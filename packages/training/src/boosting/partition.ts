import type { Kernels } from "./kernels/kernels.ts";
import { FEATURE, shareOf, START, END, type FeatureGroup, type SharedTraining, type Views } from "./shared.ts";

/** Splits a leaf's rows in two, each side in its order: every thread its share, then each puts its rows where they belong. */
export class Partition {
  readonly #shared: SharedTraining;
  readonly #views: Views;
  readonly #kernels: Kernels;
  readonly #thread: number;
  readonly #columns: readonly { readonly column: number; readonly stride: number }[];

  constructor(shared: SharedTraining, { views, kernels, thread }: { views: Views; kernels: Kernels; thread: number }) {
    this.#shared = shared;
    this.#views = views;
    this.#kernels = kernels;
    this.#thread = thread;
    this.#columns = columnsOf(shared.threads.flatMap(({ groups }) => groups));
  }

  /** Sorts a share of the rows to both ends of the spare memory's same share, the right ones in reverse. */
  sort(threads: number): void {
    const { control, places } = this.#shared;
    const { from, to } = this.#share(threads);
    const column = this.#columns[control[FEATURE] as number];
    if (column === undefined) throw new Error("a feature has no column");
    let count = 0;
    if (to > from) {
      const left = places.spare + from * 4;
      const right = places.spare + (to - 1) * 4;
      const [order, orderEnd] = [places.order + from * 4, places.order + to * 4];
      const end = this.#kernels.partition({ order, orderEnd, ...column, table: places.table, left, right });
      count = (end - left) / 4;
    }
    this.#views.leftCounts[this.#thread] = count;
  }

  /** Brings the sorted share back: behind the left rows of the shares before, or the right ones of all. */
  gather(threads: number): void {
    const { order, spare, leftCounts } = this.#views;
    const start = this.#shared.control[START] as number;
    const { from, to } = this.#share(threads);
    let [leftBefore, leftAll] = [0, 0];
    for (let thread = 0; thread < threads; thread += 1) {
      if (thread < this.#thread) leftBefore += leftCounts[thread] as number;
      leftAll += leftCounts[thread] as number;
    }
    const count = leftCounts[this.#thread] as number;
    order.set(spare.subarray(from, from + count), start + leftBefore);
    let at = start + leftAll + (from - start - leftBefore);
    for (let index = to - 1; index >= from + count; index -= 1) order[at++] = spare[index] as number;
  }

  #share(threads: number): { readonly from: number; readonly to: number } {
    const { control } = this.#shared;
    const range = { start: control[START] as number, end: control[END] as number };
    return shareOf(range, { thread: this.#thread, threads });
  }
}

function columnsOf(groups: readonly FeatureGroup[]): readonly { readonly column: number; readonly stride: number }[] {
  const columns: { readonly column: number; readonly stride: number }[] = [];
  for (const { features, block } of groups)
    features.forEach((feature, at) => (columns[feature] = { column: block + at, stride: features.length }));
  return columns;
}
