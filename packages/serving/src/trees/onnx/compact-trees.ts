/**
 * Trees of float32 in little memory: six to eight bytes a split and four a leaf. A tree's splits lie one behind the other, each
 * before what is left of it and that before what is right of it, and so do its leaves: a split tells how many splits are left
 * of it, from which follows where everything else is.
 */
export interface CompactTrees {
  readonly features: number;
  readonly outputs: number;
  /** Added last; none where there are none. */
  readonly bases: Float32Array;
  readonly thresholds: Float32Array;
  /**
   * Of each split one word of 16 bits, where all are narrow: its feature, whether what is missing goes left, and in the lower
   * eight the splits that are left of it. Else two: the first two of them, and the last.
   */
  readonly splits: Uint16Array;
  readonly isNarrow: boolean;
  readonly leaves: Float32Array;
  /** Where each tree's splits begin, and last where they end. Of a tree's leaves there is one more than of its splits. */
  readonly starts: Uint32Array;
  /** The output that each tree adds to. */
  readonly outputOf: Uint16Array;
}

/** How the words of splits are read. */
export interface SplitForm {
  readonly words: 1 | 2;
  readonly featureShift: number;
  readonly missingLeft: number;
  readonly featuresMax: number;
  readonly leftMax: number;
}

export const NARROW: SplitForm = { words: 1, featureShift: 9, missingLeft: 256, featuresMax: 128, leftMax: 255 };
export const WIDE: SplitForm = { words: 2, featureShift: 1, missingLeft: 1, featuresMax: 32_768, leftMax: 65_535 };

/** So many stay in the processor's nearer memory while all rows go by. */
const TREES_AT_ONCE = 64;

/** Rows of float32 to be scored, and where their sums go. */
export interface CompactRows {
  /** [rows, features], row by row; NaN for missing. */
  readonly values: Float32Array;
  /** [rows, outputs], row by row. */
  readonly sums: Float32Array;
  readonly from: number;
  readonly to: number;
}

/** Sums trees in their order, in float32, as ONNX Runtime does on one thread. */
export function sumCompact(trees: CompactTrees, { values, sums, from, to }: CompactRows): void {
  const { features, outputs, bases, starts } = trees;
  const count = starts.length - 1;
  for (let first = 0; first < count; first += TREES_AT_ONCE) {
    const last = Math.min(first + TREES_AT_ONCE, count);
    for (let row = from; row < to; row += 1)
      addTrees(trees, { values, row: row * features, sums, at: row * outputs, first, last });
  }
  if (bases.length === 0) return;
  for (let at = from * outputs; at < to * outputs; at += 1)
    sums[at] = (sums[at] as number) + (bases[at % outputs] as number);
}

interface Added {
  readonly values: Float32Array;
  readonly row: number;
  readonly sums: Float32Array;
  readonly at: number;
  readonly first: number;
  readonly last: number;
}

function addTrees(trees: CompactTrees, { values, row, sums, at, first, last }: Added): void {
  const { thresholds, splits, isNarrow, leaves, starts, outputOf } = trees;
  const { words, featureShift, missingLeft } = isNarrow ? NARROW : WIDE;
  let split = starts[first] as number;
  for (let tree = first; tree < last; tree += 1) {
    const end = starts[tree + 1] as number;
    let leaf = split + tree;
    let beyond = end - split;
    while (beyond > 0) {
      const told = splits[split * words] as number;
      const left = isNarrow ? told & 255 : (splits[split * 2 + 1] as number);
      const x = values[row + (told >>> featureShift)] as number;
      if (x <= (thresholds[split] as number) || (x !== x && (told & missingLeft) !== 0)) {
        beyond = left;
        split += 1;
      } else {
        beyond -= left + 1;
        leaf += left + 1;
        split += left + 1;
      }
    }
    const into = at + (outputOf[tree] as number);
    sums[into] = (sums[into] as number) + (leaves[leaf] as number);
    split = end;
  }
}

interface Room {
  readonly features: number;
  readonly outputs: number;
  readonly bases: ArrayLike<number>;
  readonly trees: number;
  readonly splits: number;
  readonly isNarrow: boolean;
}

/** Room for trees, in one piece of memory that threads can share. */
export function compactRoom({ features, outputs, bases, trees, splits, isNarrow }: Room): CompactTrees {
  const words = splits + (splits + trees) + (trees + 1) + bases.length;
  const halves = splits * (isNarrow ? NARROW : WIDE).words;
  const buffer = new SharedArrayBuffer(words * 4 + (halves + trees) * 2);
  let at = 0;
  const next = (bytes: number) => {
    at += bytes;
    return at - bytes;
  };
  const made = {
    features,
    outputs,
    isNarrow,
    thresholds: new Float32Array(buffer, next(splits * 4), splits),
    leaves: new Float32Array(buffer, next((splits + trees) * 4), splits + trees),
    starts: new Uint32Array(buffer, next((trees + 1) * 4), trees + 1),
    bases: new Float32Array(buffer, next(bases.length * 4), bases.length),
    splits: new Uint16Array(buffer, next(halves * 2), halves),
    outputOf: new Uint16Array(buffer, next(trees * 2), trees),
  };
  made.bases.set(bases);
  return made;
}
