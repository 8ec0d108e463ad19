import { RULE, type LinearLeaves, type TreeEnsemble } from "./tree-ensemble.ts";

/** Rows of float64 features in the ensemble's order, row by row; NaN for missing. */
export interface Rows {
  readonly values: Float64Array;
  readonly count: number;
}

/** So many stay in the processor's nearer memory while all rows go by. */
const TREES_AT_ONCE = 64;

/** Each row's sums before their link: [rows, outputs] row by row, added in the library's order and precision. */
export function sumTrees(ensemble: TreeEnsemble, { values, count }: Rows): Float64Array {
  const { outputs, bases, areBasesLast, roots } = ensemble;
  const width = ensemble.features.length;
  const sums = new Float64Array(count * outputs);
  if (!areBasesLast) for (let at = 0; at < sums.length; at += outputs) sums.set(bases, at);
  for (let from = 0; from < roots.length; from += TREES_AT_ONCE) {
    const to = Math.min(from + TREES_AT_ONCE, roots.length);
    for (let row = 0; row < count; row += 1)
      addTrees(ensemble, { values, row: row * width, sums, at: row * outputs, from, to });
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

/** Some trees' leaves of one row. */
interface Added {
  readonly values: Float64Array;
  /** Where the row begins, and where its sums do. */
  readonly row: number;
  readonly sums: Float64Array;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

function addTrees(ensemble: TreeEnsemble, added: Added): void {
  const { values, row, sums, at, from, to } = added;
  const { roots, outputOf, nodes, linear, weights, hasNumbersOnly } = ensemble;
  const isSimple = hasNumbersOnly && linear === undefined && weights === undefined;
  if (isSimple && !hasMissing(values, row, row + ensemble.features.length)) return addWhole(ensemble, added);
  const isSingle = ensemble.precision === "single";
  for (let tree = from; tree < to; tree += 1) {
    const place = { values, row, root: roots[tree] as number };
    const leaf = hasNumbersOnly ? leafByNumbers(ensemble, place) : leafByAny(ensemble, place);
    let value = nodes[leaf * 2] as number;
    if (linear !== undefined) value = linearValue(linear, { leaf, value, values, row });
    if (weights !== undefined) value = Math.fround(value * (weights[tree] as number));
    const into = at + (outputOf[tree] as number);
    const sum = (sums[into] as number) + value;
    sums[into] = isSingle ? Math.fround(sum) : sum;
  }
}

/** The same of a row that has all its numbers, where nodes compare numbers and leaves are numbers: most of what is asked. */
function addWhole(
  { roots, outputOf, nodes, links, precision }: TreeEnsemble,
  { values, row, sums, at, from, to }: Added,
): void {
  const isSingle = precision === "single";
  for (let tree = from; tree < to; tree += 1) {
    let node = roots[tree] as number;
    let child = links[node * 4 + 2] as number;
    while (child >= 0) {
      const x = values[row + (links[node * 4 + 3] as number)] as number;
      node = x <= (nodes[node * 2] as number) ? child : child + 1;
      child = links[node * 4 + 2] as number;
    }
    const into = at + (outputOf[tree] as number);
    const sum = (sums[into] as number) + (nodes[node * 2] as number);
    sums[into] = isSingle ? Math.fround(sum) : sum;
  }
}

function hasMissing(values: Float64Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (values[at] !== values[at]) return true;
  return false;
}

interface Place {
  readonly values: Float64Array;
  /** Where the row begins. */
  readonly row: number;
  readonly root: number;
}

function leafByNumbers({ nodes, links, rule }: TreeEnsemble, { values, row, root }: Place): number {
  let node = root;
  for (let child = links[node * 4 + 2] as number; child >= 0; child = links[node * 4 + 2] as number) {
    const x = values[row + (links[node * 4 + 3] as number)] as number;
    if (x <= (nodes[node * 2] as number)) node = child;
    else if (x === x) node = child + 1;
    else node = child + 1 - (rule[node] as number);
  }
  return node;
}

function leafByAny(ensemble: TreeEnsemble, { values, row, root }: Place): number {
  const { links } = ensemble;
  let node = root;
  for (let child = links[node * 4 + 2] as number; child >= 0; child = links[node * 4 + 2] as number)
    node = goesLeft(ensemble, node, values[row + (links[node * 4 + 3] as number)] as number) ? child : child + 1;
  return node;
}

/** Which way a value goes at a node that splits. */
export function goesLeft(
  { nodes, rule, sets }: Pick<TreeEnsemble, "nodes" | "rule" | "sets">,
  node: number,
  value: number,
): boolean {
  const rules = rule[node] as number;
  const threshold = nodes[node * 2] as number;
  if (value !== value || (value === 0 && (rules & RULE.ZERO_MISSING) !== 0)) return (rules & RULE.NAN_LEFT) !== 0;
  if ((rules & RULE.SET) === 0) return value <= threshold;
  const isLeftOfSet = (rules & RULE.SET_LEFT) !== 0;
  return isInSet(sets, threshold, isLeftOfSet ? Math.trunc(value) : value) === isLeftOfSet;
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
