import { RULE, type LinearLeaves, type TreeEnsemble } from "./tree-ensemble.ts";

/** Rows of float64 features in the ensemble's order, row by row; NaN for missing. */
export interface Rows {
  readonly values: Float64Array;
  readonly count: number;
}

const BLOCK_ROWS = 64;

/** Each row's sums before their link: [rows, outputs] row by row, added in the library's order and precision. */
export function sumTrees(ensemble: TreeEnsemble, { values, count }: Rows): Float64Array {
  const { outputs, bases, areBasesLast, roots } = ensemble;
  const sums = new Float64Array(count * outputs);
  if (!areBasesLast) for (let at = 0; at < sums.length; at += outputs) sums.set(bases, at);
  const add = ensemble.precision === "single" ? addSingles : addDoubles;
  for (let from = 0; from < count; from += BLOCK_ROWS) {
    const to = Math.min(from + BLOCK_ROWS, count);
    for (let tree = 0; tree < roots.length; tree += 1) add(ensemble, { values, sums, tree, from, to });
  }
  if (!areBasesLast) return sums;
  return sums.map((sum, at) => Math.fround(sum + (bases[at % outputs] as number)));
}

/** The leaf that each row reaches in each tree, by the library's numbers: [rows, trees] row by row. */
export function leavesOf(ensemble: TreeEnsemble, { values, count }: Rows): Int32Array {
  const { roots, leaf } = ensemble;
  const width = ensemble.features.length;
  const found = new Int32Array(count * roots.length);
  for (let at = 0; at < found.length; at += 1) {
    const root = roots[at % roots.length] as number;
    const row = Math.trunc(at / roots.length) * width;
    found[at] = leaf[leafByAny(ensemble, { values, row, root })] as number;
  }
  return found;
}

/** One tree over a block of rows: it stays in the processor's nearest memory. */
interface Block {
  readonly values: Float64Array;
  readonly sums: Float64Array;
  readonly tree: number;
  readonly from: number;
  readonly to: number;
}

function addDoubles(ensemble: TreeEnsemble, { values, sums, tree, from, to }: Block): void {
  const { outputs, threshold, linear } = ensemble;
  const width = ensemble.features.length;
  const root = ensemble.roots[tree] as number;
  const isPlain = ensemble.hasNumbersOnly;
  let at = from * outputs + (ensemble.outputOf[tree] as number);
  for (let row = from * width; row < to * width; row += width, at += outputs) {
    const place = { values, row, root };
    const leaf = isPlain ? leafByNumbers(ensemble, place) : leafByAny(ensemble, place);
    const value = threshold[leaf] as number;
    sums[at] =
      (sums[at] as number) + (linear === undefined ? value : linearValue(linear, { leaf, value, values, row }));
  }
}

function addSingles(ensemble: TreeEnsemble, { values, sums, tree, from, to }: Block): void {
  const { outputs, threshold, weights } = ensemble;
  const width = ensemble.features.length;
  const root = ensemble.roots[tree] as number;
  const weight = weights === undefined ? 1 : (weights[tree] as number);
  const isPlain = ensemble.hasNumbersOnly;
  let at = from * outputs + (ensemble.outputOf[tree] as number);
  for (let row = from * width; row < to * width; row += width, at += outputs) {
    const place = { values, row, root };
    const leaf = isPlain ? leafByNumbers(ensemble, place) : leafByAny(ensemble, place);
    sums[at] = Math.fround((sums[at] as number) + Math.fround((threshold[leaf] as number) * weight));
  }
}

interface Place {
  readonly values: Float64Array;
  /** Where the row begins. */
  readonly row: number;
  readonly root: number;
}

function leafByNumbers({ feature, threshold, left, rule }: TreeEnsemble, { values, row, root }: Place): number {
  let node = root;
  for (let child = left[node] as number; child >= 0; child = left[node] as number) {
    const x = values[row + (feature[node] as number)] as number;
    if (x <= (threshold[node] as number)) node = child;
    else if (x === x) node = child + 1;
    else node = child + 1 - (rule[node] as number);
  }
  return node;
}

function leafByAny(ensemble: TreeEnsemble, { values, row, root }: Place): number {
  const { feature, left } = ensemble;
  let node = root;
  for (let child = left[node] as number; child >= 0; child = left[node] as number)
    node = goesLeft(ensemble, node, values[row + (feature[node] as number)] as number) ? child : child + 1;
  return node;
}

/** Which way a value goes at a node that splits. */
export function goesLeft(
  { threshold, rule, sets }: Pick<TreeEnsemble, "threshold" | "rule" | "sets">,
  node: number,
  value: number,
): boolean {
  const rules = rule[node] as number;
  if (value !== value || (value === 0 && (rules & RULE.ZERO_MISSING) !== 0)) return (rules & RULE.NAN_LEFT) !== 0;
  if ((rules & RULE.SET) === 0) return value <= (threshold[node] as number);
  const isLeftOfSet = (rules & RULE.SET_LEFT) !== 0;
  return isInSet(sets, threshold[node] as number, isLeftOfSet ? Math.trunc(value) : value) === isLeftOfSet;
}

function isInSet(sets: Uint32Array, first: number, value: number): boolean {
  if (!(value >= 0 && value < (sets[first] as number) * 32)) return false;
  const whole = Math.trunc(value);
  return (((sets[first + 1 + (whole >>> 5)] as number) >>> (whole & 31)) & 1) === 1;
}

function linearValue(
  { constants, starts, features, coefficients }: LinearLeaves,
  {
    leaf,
    value,
    values,
    row,
  }: { readonly leaf: number; readonly value: number; readonly values: Float64Array; readonly row: number },
): number {
  let sum = constants[leaf] as number;
  for (let at = starts[leaf] as number; at < (starts[leaf + 1] as number); at += 1) {
    const x = values[row + (features[at] as number)] as number;
    if (x !== x) return value;
    sum += (coefficients[at] as number) * x;
  }
  return sum;
}
