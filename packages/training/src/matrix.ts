import { quoteName, type ColumnVector, type Lakehouse } from "@millwright/lakehouse";
import type { TrainingMatrix } from "./boosting/train-model.ts";
import type { TrainingDefinition } from "./define-training.ts";
import { trainingErrors } from "./errors.ts";
import { rowOrder } from "./row-order.ts";

const BYTES_MAX = 8 * 1024 ** 3;

export interface MatrixRequest {
  readonly definition: TrainingDefinition;
  readonly features: readonly string[];
  readonly table: string;
  readonly where: string;
}

/** Reads rows straight into shared memory, in one pass. They come in a fixed order, so that equal tables train equal models. */
export async function readMatrix(
  lakehouse: Lakehouse,
  { definition, features, table, where }: MatrixRequest,
): Promise<TrainingMatrix> {
  const relation = lakehouse.relation(table);
  const counted = await lakehouse.query(`SELECT count(*) FROM ${relation} WHERE ${where}`);
  const rows = Number(counted.rows[0]?.[0] ?? 0);
  if (rows === 0) throw trainingErrors.create("training/no-rows", { because: `no row of ${table} has ${where}` });
  const bytes = rows * (features.length + 1) * 4;
  if (bytes > BYTES_MAX)
    throw trainingErrors.create("training/too-large", {
      because: `${rows} rows by ${features.length} features are ${Math.round(bytes / 2 ** 20)} MiB`,
    });
  const columns = features.map(() => new Float32Array(new SharedArrayBuffer(rows * 4)));
  const labels = new Float32Array(new SharedArrayBuffer(rows * 4));
  const chosen = [`${quoteName(definition.label)}::float AS label`, ...features.map(quoteName)].join(", ");
  const state = await lakehouse.table(table);
  const order = rowOrder(
    definition,
    (state?.columns ?? []).map(({ name }) => name),
  );
  const select = `SELECT ${chosen} FROM ${relation} WHERE ${where} ORDER BY ${order}`;
  let at = 0;
  for await (const batch of lakehouse.readColumns(select)) {
    batch.columns.forEach((vector, index) => copyColumn(index === 0 ? labels : columns[index - 1], { vector, at }));
    at += batch.rows;
  }
  return { features, rows, columns, labels };
}

/** Copies a vector's values from a place on, float32, with NaN for null. */
export function copyColumn(
  target: Float32Array | undefined,
  { vector, at }: { readonly vector: ColumnVector; readonly at: number },
): void {
  const { values, valid } = vector;
  if (target === undefined || !(values instanceof Float32Array)) throw new Error(`column ${vector.name} is no float32`);
  target.set(values, at);
  if (valid === undefined) return;
  for (let row = 0; row < valid.length; row += 1) if (valid[row] === 0) target[at + row] = Number.NaN;
}
