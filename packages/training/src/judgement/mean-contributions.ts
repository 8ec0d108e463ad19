import { createExplainer } from "../model/explain-row.ts";
import { outputsOf, type TreeModel } from "../model/tree-model.ts";

const ROWS_MAX = 200;

export interface MeanContribution {
  readonly feature: string;
  /** Before the link; of several classes the mean over them. */
  readonly mean: number;
}

/** How much each feature adds or takes, on average over some of these rows, spread evenly; in the model's order. */
export function meanContributions(
  model: TreeModel,
  { columns, rows }: { readonly columns: readonly Float32Array[]; readonly rows: number },
): readonly MeanContribution[] {
  const outputs = outputsOf(model);
  // As many explanations, whatever the number of classes.
  const count = Math.min(rows, Math.ceil(ROWS_MAX / outputs));
  const sums = new Float64Array(columns.length);
  for (let output = 0; output < outputs; output += 1) {
    const explain = createExplainer(model, output);
    for (let index = 0; index < count; index += 1) {
      const at = Math.floor((index * rows) / count);
      const row = Float32Array.from(columns, (column) => column[at] ?? Number.NaN);
      const { contributions } = explain({ row, offset: 0 });
      contributions.forEach((added, feature) => (sums[feature] = (sums[feature] ?? 0) + Math.abs(added)));
    }
  }
  return model.features.map((feature, place) => ({ feature, mean: (sums[place] ?? 0) / (count * outputs) }));
}
