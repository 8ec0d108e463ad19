import { createContributions, notExplainable } from "./explain-trees.ts";
import { linkFunction, type Link } from "./links.ts";
import { leavesOf, type Rows } from "./sum-trees.ts";
import type { TreeFile } from "./tree-file.ts";

/** The rows of a request, and their sums, which are added up once for all that is asked. */
export interface SummedRows {
  readonly rows: () => Rows;
  readonly sums: () => Float64Array;
}

/** Something that a model of trees can tell of its rows. */
export interface TreeOutput {
  /** A row's part of the shape; empty where it is one number. */
  readonly shape: readonly number[];
  readonly isWhole?: boolean;
  /** So many rows are computed without a break, where they take longer than others' do. */
  readonly rowsAtOnce?: number;
  /** Row by row. */
  compute(of: SummedRows): ArrayLike<number>;
}

/** A row takes a millisecond. */
const EXPLAINED_AT_ONCE = 4;

/** By name all that can be asked of a model; MLServer and the libraries call them so. */
export type TreeOutputs = Readonly<Record<string, TreeOutput>>;

/** What the model's library answers with: `predict` always, the others where they are asked for. */
export function treeOutputs({ ensemble, link, probabilities }: TreeFile): TreeOutputs {
  const { outputs, roots, features } = ensemble;
  const margin: TreeOutput = { shape: shapeOf(outputs), compute: ({ sums }) => sums() };
  const leaf: TreeOutput = { shape: [roots.length], isWhole: true, compute: ({ rows }) => leavesOf(ensemble, rows()) };
  const found = { predict: linked(link), margin, leaf };
  const judged = probabilities === undefined ? {} : { predict_proba: linked(probabilities) };
  if (notExplainable(ensemble) !== undefined) return { ...found, ...judged };
  let explain: ReturnType<typeof createContributions> | undefined;
  const contributions: TreeOutput = {
    shape: [...shapeOf(outputs), features.length + 1],
    rowsAtOnce: EXPLAINED_AT_ONCE,
    compute: ({ rows }) => (explain ??= createContributions(ensemble))(rows()),
  };
  return { ...found, ...judged, contributions };
}

function linked(link: Link): TreeOutput {
  const { width, answer } = linkFunction(link);
  return { shape: shapeOf(width), compute: ({ sums }) => answer(sums()) };
}

function shapeOf(width: number): readonly number[] {
  return width === 1 ? [] : [width];
}

/** A classifier's class: the likeliest, or of two the second where its probability is above a threshold. */
export function classOf(probabilities: TreeOutput, threshold: number): TreeOutput {
  const [width = 1] = probabilities.shape;
  return {
    shape: [],
    compute: (of) => {
      const shares = Float64Array.from(probabilities.compute(of));
      return Float64Array.from({ length: shares.length / width }, (_, row) => {
        const own = shares.subarray(row * width, (row + 1) * width);
        return width === 2 ? Number((own[1] as number) > threshold) : own.indexOf(Math.max(...own));
      });
    },
  };
}
