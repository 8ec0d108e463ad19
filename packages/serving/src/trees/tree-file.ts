import type { Link } from "./links.ts";
import type { TreeEnsemble } from "./tree-ensemble.ts";

/** A model of trees as it was read from a library's file: plain data, which threads can hand to one another. */
export interface TreeFile {
  readonly madeBy: "lightgbm" | "xgboost" | "millwright";
  readonly ensemble: TreeEnsemble;
  /** What the library's own `predict` makes of the sums. */
  readonly link: Link;
  /** Of a classifier each class's probability; two of a binary one. */
  readonly probabilities: Link | undefined;
  /** Below it a number is 0: the library keeps no smaller ones. */
  readonly zeroBelow: number;
}
