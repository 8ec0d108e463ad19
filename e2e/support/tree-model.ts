interface TreeModel {
  /** What it answers to every row. */
  readonly value: number;
  /** How far its answers lie to both sides of that. Default: 0, and it answers the same to every row. */
  readonly spread?: number;
  readonly trees?: number;
  /** Each tree has two to the power of it leaves. */
  readonly depth?: number;
  readonly features?: number;
}

/** A model as LightGBM writes it (version 4): trees of a given size that together answer about one number. */
export function treeModel({ value, spread = 0, trees = 10, depth = 10, features = 8 }: TreeModel): string {
  const each = { value: value / trees, spread: spread / trees, depth, features };
  const texts = Array.from({ length: trees }, (_, place) => treeText({ ...each, place }));
  return [
    "tree",
    "version=v4",
    "num_class=1",
    "num_tree_per_iteration=1",
    "label_index=0",
    `max_feature_idx=${features - 1}`,
    "objective=regression",
    `feature_names=${list(features, (at) => `feature_${at}`)}`,
    `feature_infos=${list(features, () => "[0:10]")}`,
    `tree_sizes=${texts.map(({ length }) => length).join(" ")}`,
    "",
    `${texts.join("")}end of trees`,
    "",
  ].join("\n");
}

interface TreeText {
  readonly value: number;
  readonly spread: number;
  readonly place: number;
  readonly depth: number;
  readonly features: number;
}

/** Its nodes as a heap has them: of node n the children are 2n + 1 and 2n + 2, and past the last node its leaves. */
function treeText({ value, spread, place, depth, features }: TreeText): string {
  const leaves = 2 ** depth;
  const nodes = leaves - 1;
  const child = (node: number) => (node < nodes ? node : -(node - nodes) - 1);
  const rowsBelow = (at: number) => leaves / 2 ** Math.floor(Math.log2(at + 1));
  return [
    `Tree=${place}`,
    `num_leaves=${leaves}`,
    "num_cat=0",
    `split_feature=${list(nodes, (at) => (at + place) % features)}`,
    `split_gain=${list(nodes, () => 1)}`,
    `threshold=${list(nodes, (at) => (at % 17) / 4)}`,
    `decision_type=${list(nodes, () => 2)}`,
    `left_child=${list(nodes, (at) => child(2 * at + 1))}`,
    `right_child=${list(nodes, (at) => child(2 * at + 2))}`,
    `leaf_value=${list(leaves, (at) => value + spread * ((2 * at) / (leaves - 1) - 1))}`,
    `leaf_weight=${list(leaves, () => 1)}`,
    `leaf_count=${list(leaves, () => 1)}`,
    `internal_value=${list(nodes, () => value)}`,
    `internal_weight=${list(nodes, rowsBelow)}`,
    `internal_count=${list(nodes, rowsBelow)}`,
    "is_linear=0",
    "shrinkage=1",
    "",
    "",
    "",
  ].join("\n");
}

function list(length: number, of: (at: number) => number | string): string {
  return Array.from({ length }, (_, at) => of(at)).join(" ");
}
