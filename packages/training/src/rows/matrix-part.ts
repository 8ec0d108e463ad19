import { SAMPLE_ROWS, sharedFloats, type PartRows, type RowValues } from "./part-rows.ts";

/** Rows that lie in shared memory, as a part that is read. */
export function matrixPart({ rows, labels, weights, columns }: RowValues & { readonly rows: number }): PartRows {
  const values = { labels, ...(weights === undefined ? {} : { weights }), columns };
  return {
    rows,
    batches: async function* () {
      const places = new Int32Array(new SharedArrayBuffer(rows * 4));
      for (let row = 0; row < rows; row += 1) places[row] = row;
      yield await Promise.resolve({ rows, places, ...values, beside: [] });
    },
    sample: () => Promise.resolve(everyFew(values, Math.max(1, Math.floor(rows / SAMPLE_ROWS)))),
  };
}

function everyFew({ labels, weights, columns }: RowValues, step: number): RowValues {
  const pick = (values: Float32Array) => {
    const picked = sharedFloats(Math.ceil(values.length / step));
    for (let index = 0; index < picked.length; index += 1) picked[index] = values[index * step] as number;
    return picked;
  };
  const picked = { labels: pick(labels), columns: columns.map(pick) };
  return weights === undefined ? picked : { ...picked, weights: pick(weights) };
}
