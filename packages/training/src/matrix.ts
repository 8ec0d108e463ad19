import { quoteName, type ColumnVector, type Lakehouse } from "@millwright/lakehouse";
import type { TrainingMatrix } from "./boosting/train-model.ts";
import { featureSql, labelSql, type EncodedRows, type Encoding } from "./encoding.ts";
import { trainingErrors } from "./errors.ts";
import { rowOrder } from "./row-order.ts";

const BYTES_MAX = 8 * 1024 ** 3;

export interface MatrixRequest extends EncodedRows {
  readonly encoding: Encoding;
  /** Expressions that are read too, float32: what is told of rows, not learned from. */
  readonly beside?: readonly string[];
}

/** Rows, and what was asked for beside them. */
export type ReadMatrix = TrainingMatrix & { readonly beside: readonly Float32Array[] };

/** Reads the rows of a training's table that a condition names. */
export type ReadRows = (where: string, beside?: readonly string[]) => Promise<ReadMatrix>;

export async function countRows(
  lakehouse: Lakehouse,
  { table, where }: Pick<EncodedRows, "table" | "where">,
): Promise<number> {
  const { rows } = await lakehouse.query(`SELECT count(*) FROM ${lakehouse.relation(table)} WHERE ${where}`);
  return Number(rows[0]?.[0] ?? 0);
}

/** Reads rows straight into shared memory, in one pass. They come in a fixed order, so that equal tables train equal models. */
export async function readMatrix(
  lakehouse: Lakehouse,
  { definition, features, table, where, encoding, beside: expressions = [] }: MatrixRequest,
): Promise<ReadMatrix> {
  const relation = lakehouse.relation(table);
  const rows = await countRows(lakehouse, { table, where });
  if (rows === 0) throw trainingErrors.create("training/no-rows", { because: `no row of ${table} has ${where}` });
  const bytes = rows * (features.length + expressions.length + 1) * 4;
  if (bytes > BYTES_MAX)
    throw trainingErrors.create("training/too-large", {
      because: `${rows} rows by ${features.length} features are ${Math.round(bytes / 2 ** 20)} MiB`,
    });
  const column = () => new Float32Array(new SharedArrayBuffer(rows * 4));
  const [labels, columns, beside] = [column(), features.map(column), expressions.map(column)];
  const weights = definition.weight === undefined ? [] : [column()];
  const targets = [labels, ...weights, ...columns, ...beside];
  const chosen = [
    `${labelSql(definition.label, encoding.classes)} AS label`,
    ...(definition.weight === undefined ? [] : [`${quoteName(definition.weight)}::float AS weight_`]),
    ...features.map((feature) => featureSql(feature, encoding.categories)),
    ...expressions.map((expression, place) => `${expression} AS beside_${place}_`),
  ].join(", ");
  const state = await lakehouse.table(table);
  const order = rowOrder(
    definition,
    (state?.columns ?? []).map(({ name }) => name),
  );
  const select = `SELECT ${chosen} FROM ${relation} WHERE ${where} ORDER BY ${order}`;
  let at = 0;
  for await (const batch of lakehouse.readColumns(select)) {
    batch.columns.forEach((vector, index) => copyColumn(targets[index], { vector, at }));
    at += batch.rows;
  }
  const [own] = weights;
  return { features, rows, columns, labels, ...encoding, ...(own === undefined ? {} : { weights: own }), beside };
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
