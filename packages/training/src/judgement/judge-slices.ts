import { metricsOf, type AnsweredPart } from "./judge-part.ts";
import type { Slice } from "./judgement.ts";

/** A column's values row by row, as numbers into the list of them. */
export interface SlicedColumn {
  readonly column: string;
  readonly values: readonly string[];
  readonly codes: Float32Array;
}

/** The metrics of the rows of each value; together they are all rows. */
export function judgeSlice(
  part: AnsweredPart,
  {
    threshold,
    sliced: { column, values, codes },
  }: { readonly threshold: number | null; readonly sliced: SlicedColumn },
): Slice {
  const rows = values.map(() => 0);
  for (const code of codes) rows[code] = (rows[code] ?? 0) + 1;
  const parts = rows.map((count) => startPart(part, count));
  const width = part.predictions.length / Math.max(1, part.labels.length);
  const filled = rows.map(() => 0);
  codes.forEach((code, row) => {
    const own = parts[code];
    const at = filled[code] ?? 0;
    if (own === undefined) return;
    own.labels[at] = part.labels[row] as number;
    if (own.weights !== undefined) own.weights[at] = part.weights?.[row] ?? 1;
    own.predictions.set(part.predictions.subarray(row * width, (row + 1) * width), at * width);
    filled[code] = at + 1;
  });
  return {
    column,
    values: values.flatMap((value, code) => {
      const own = parts[code];
      return own === undefined || own.labels.length === 0 ? [] : [{ value, metrics: metricsOf(own, threshold) }];
    }),
  };
}

function startPart({ objective, classes, labels, weights, predictions }: AnsweredPart, rows: number): AnsweredPart {
  const width = predictions.length / Math.max(1, labels.length);
  const weighted = weights === undefined ? {} : { weights: new Float32Array(rows) };
  return {
    objective,
    classes,
    labels: new Float32Array(rows),
    ...weighted,
    predictions: new Float32Array(rows * width),
  };
}
