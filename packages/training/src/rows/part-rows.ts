import { quoteName, type ColumnBatch, type ColumnVector, type Lakehouse } from "@millwright/lakehouse";
import { featureSql, labelSql, type EncodedRows, type Encoding } from "../encoding.ts";
import { trainingErrors } from "../errors.ts";
import { placedRelation, ROW_PLACE } from "./row-place.ts";

export interface PartRequest extends EncodedRows {
  readonly encoding: Encoding;
}

/** Labels, weights and features as float32, NaN for missing, in shared memory. */
export interface RowValues {
  readonly labels: Float32Array;
  /** Absent where all rows count alike. */
  readonly weights?: Float32Array;
  /** One column a feature. */
  readonly columns: readonly Float32Array[];
}

/** Some of a part's rows, in no order. The next batch is written over them. */
export interface RowBatch extends RowValues {
  readonly rows: number;
  /** Where each row belongs among the part's, from 0. */
  readonly places: Int32Array;
  /** What was asked for beside the features. */
  readonly beside: readonly Float32Array[];
}

/** The rows of a training's table that a condition names. Each has a place, so that equal tables train equal models. */
export interface PartRows {
  readonly rows: number;
  /** Reads them in one pass. `beside` are expressions that are read too: what is told of rows, not learned from. */
  batches(beside?: readonly string[]): AsyncIterable<RowBatch>;
  /** Rows spread evenly over those there are, in their order: all of them, or some `SAMPLE_ROWS`. */
  sample(): Promise<RowValues>;
}

/** Opens a part of a training's table. */
export type OpenPart = (where: string) => Promise<PartRows>;

/** A sample has so many rows at least, where there are as many, and less than twice as many. */
export const SAMPLE_ROWS = 200_000;

interface Span {
  readonly rows: number;
  readonly first: number;
  readonly last: number;
}

/** Finds out how many rows a part has and where they lie. Throws `training/no-rows`. */
export async function openPart(lakehouse: Lakehouse, request: PartRequest): Promise<PartRows> {
  const { table, where, definition, features, encoding } = request;
  const from = `${await placedRelation(lakehouse, request)} WHERE ${where}`;
  const span = await spanOf(lakehouse, from);
  const { rows, first, last } = span;
  if (rows === 0) throw trainingErrors.create("training/no-rows", { because: `no row of ${table} has ${where}` });
  const values = [
    quoteName(ROW_PLACE),
    `${labelSql(definition.label, encoding.classes)} AS label`,
    ...(definition.weight === undefined ? [] : [`${quoteName(definition.weight)}::float AS weight_`]),
    ...features.map((feature) => featureSql(feature, encoding.categories)),
  ].join(", ");
  const shape = { weighted: definition.weight !== undefined, features: features.length };
  return {
    rows,
    batches: (beside = []) => readBatches(lakehouse, { select: withBeside(values, beside, from), span, shape, from }),
    sample: async () => {
      const step = Math.max(1, Math.floor(rows / SAMPLE_ROWS));
      const chosen = `(${ROW_PLACE} - ${first}) % ${step} = 0`;
      const select = `SELECT ${values} FROM ${from} AND ${chosen} ORDER BY ${ROW_PLACE}`;
      const most = Math.floor((last - first) / step) + 1;
      return readInOrder(lakehouse, { select, most: Math.min(rows, most), shape });
    },
  };
}

async function spanOf(lakehouse: Lakehouse, from: string): Promise<Span> {
  const { rows: found } = await lakehouse.query(`SELECT count(*), min(${ROW_PLACE}), max(${ROW_PLACE}) FROM ${from}`);
  const [rows = 0, first = 0, last = 0] = (found[0] ?? []).map(Number);
  return { rows, first, last };
}

function withBeside(values: string, beside: readonly string[], from: string): string {
  const told = beside.map((expression, place) => `, ${expression} AS beside_${place}_`).join("");
  return `SELECT ${values}${told} FROM ${from}`;
}

/** What a row has beside its place, in order: label, perhaps a weight, features, what was asked for beside them. */
interface Shape {
  readonly weighted: boolean;
  readonly features: number;
}

interface Reading {
  readonly select: string;
  readonly span: Span;
  readonly shape: Shape;
  readonly from: string;
}

async function* readBatches(lakehouse: Lakehouse, { select, span, shape, from }: Reading): AsyncIterable<RowBatch> {
  const ranks = span.last - span.first + 1 === span.rows ? undefined : await ranksOf(lakehouse, { from, span });
  let held = hold({ rows: 0, columns: [] });
  for await (const batch of lakehouse.readColumns(select)) {
    if (batch.rows > held.capacity) held = hold(batch);
    const [place, ...vectors] = batch.columns;
    vectors.forEach((vector, index) => copyColumn(held.columns[index], { vector, at: 0 }));
    const values = integersOf(place);
    for (let row = 0; row < batch.rows; row += 1) {
      const at = (values[row] as number) - span.first;
      held.places[row] = ranks === undefined ? at : (ranks[at] as number);
    }
    const columns = held.columns.map((column) => column.subarray(0, batch.rows));
    const places = held.places.subarray(0, batch.rows);
    yield { rows: batch.rows, places, ...valuesIn(columns, shape), beside: columns.slice(besideFrom(shape)) };
  }
}

/** Shared memory for a batch and those that are no larger. */
function hold({ rows, columns }: ColumnBatch) {
  return {
    capacity: rows,
    places: new Int32Array(new SharedArrayBuffer(rows * 4)),
    columns: columns.slice(1).map(() => sharedFloats(rows)),
  };
}

export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * 4));
}

function besideFrom({ weighted, features }: Shape): number {
  return 1 + Number(weighted) + features;
}

function valuesIn(columns: readonly Float32Array[], shape: Shape): RowValues {
  const [labels = new Float32Array(), weights = new Float32Array()] = columns;
  const first = 1 + Number(shape.weighted);
  return { labels, ...(shape.weighted ? { weights } : {}), columns: columns.slice(first, first + shape.features) };
}

/** For each place from the part's first to its last, how many of the part's rows come before it. */
async function ranksOf(
  lakehouse: Lakehouse,
  { from, span: { first, last } }: Pick<Reading, "from" | "span">,
): Promise<Int32Array> {
  const ranks = new Int32Array(last - first + 1);
  for await (const { columns } of lakehouse.readColumns(`SELECT ${ROW_PLACE} FROM ${from}`))
    for (const place of integersOf(columns[0])) ranks[place - first] = 1;
  let before = 0;
  for (let at = 0; at < ranks.length; at += 1) {
    const isThere = ranks[at] as number;
    ranks[at] = before;
    before += isThere;
  }
  return ranks;
}

async function readInOrder(
  lakehouse: Lakehouse,
  { select, most, shape }: { readonly select: string; readonly most: number; readonly shape: Shape },
): Promise<RowValues> {
  const columns = Array.from({ length: besideFrom(shape) }, () => sharedFloats(most));
  let at = 0;
  for await (const batch of lakehouse.readColumns(select)) {
    batch.columns.slice(1).forEach((vector, index) => copyColumn(columns[index], { vector, at }));
    at += batch.rows;
  }
  return valuesIn(
    columns.map((column) => column.subarray(0, at)),
    shape,
  );
}

export function integersOf(vector: ColumnVector | undefined): Int32Array {
  if (vector?.values instanceof Int32Array) return vector.values;
  throw new Error(`column ${vector?.name ?? "of places"} is no int32`);
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
