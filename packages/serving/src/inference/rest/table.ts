import type { GivenTensor } from "../inputs.ts";
import { decodeJson } from "../json-tensor.ts";
import { badRequest, quoted, type TensorSpec } from "../tensor.ts";

/** Rows as data frames have them; without names the columns are by their places. */
export interface Table {
  readonly columns: readonly string[] | undefined;
  readonly rows: readonly (readonly unknown[])[];
}

/** Rows that are objects: their columns are all names that there are; what a row has not is missing. */
export function tableOfRecords(records: readonly unknown[]): Table {
  const objects = records.map((record, at) => {
    if (isObject(record)) return record;
    throw badRequest(`row ${at} is no object`);
  });
  const told = objects.flatMap((record) => Object.keys(record));
  const columns = [...new Set(told)];
  if (objects.length * columns.length > Math.max(SPARSE_CELLS_MAX, SPARSE_TIMES_MAX * told.length))
    throw badRequest(`${objects.length} rows have ${columns.length} columns, and hardly any of them a row`);
  return { columns, rows: objects.map((record) => columns.map((name) => valueIn(record, name) ?? null)) };
}

/** Rows of each its own names would make a table of a size that has nothing to do with the request's. */
const SPARSE_CELLS_MAX = 2 ** 20;
const SPARSE_TIMES_MAX = 16;

/** What an object has of its own under a name. */
export function valueIn(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Columns as lists by their names. */
export function tableOfColumns(lists: Readonly<Record<string, unknown>>): Table {
  const columns = Object.keys(lists);
  const values = columns.map((name) => {
    const list = lists[name];
    if (Array.isArray(list)) return list as readonly unknown[];
    throw badRequest(`the column ${quoted(name)} is no list`);
  });
  const [first = []] = values;
  const odd = values.findIndex(({ length }) => length !== first.length);
  if (odd >= 0) throw badRequest(`the column ${quoted(columns[odd])} has another length than ${quoted(columns[0])}`);
  return { columns, rows: first.map((_, row) => values.map((list) => list[row])) };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The inputs of a model from a table's rows. Several inputs take a column each, by name, else by place. A single one of
 * [rows, features] takes all columns, by the features' names where both have them. Throws `inference/bad-request`.
 */
export function inputsOfTable({ columns, rows }: Table, specs: readonly TensorSpec[]): readonly GivenTensor[] {
  const [only, ...others] = specs;
  const width = columns?.length ?? rows[0]?.length ?? 0;
  const uneven = rows.findIndex(({ length }) => length !== width);
  if (uneven >= 0)
    throw badRequest(`row ${uneven} has ${rows[uneven]?.length} values, where there are ${width} columns`);
  if (only !== undefined && others.length === 0 && only.shape.length > 1)
    return [tensorOf(only, { rows, places: placesOf(only, columns, width) })];
  if (columns === undefined && width !== specs.length)
    throw badRequest(`a row has ${width} values, and the model ${specs.length} inputs`);
  return specs.map((spec, at) => {
    const place = columns === undefined ? at : columns.indexOf(spec.name);
    if (place < 0) throw badRequest(`there is no column ${quoted(spec.name)}`);
    return tensorOf(spec, { rows, places: [place] });
  });
}

/** Where in a row each feature is. LightGBM's files have no spaces in names. */
function placesOf({ features }: TensorSpec, columns: readonly string[] | undefined, width: number): readonly number[] {
  const inOrder = Array.from({ length: width }, (_, place) => place);
  if (features === undefined || columns === undefined) return inOrder;
  const names = columns.map((name) => name.replaceAll(" ", "_"));
  const places = features.map((feature) => Math.max(columns.indexOf(feature), names.indexOf(feature)));
  if (places.every((place) => place < 0) && width === features.length) return inOrder;
  const missing = features.find((_, at) => (places[at] ?? -1) < 0);
  if (missing !== undefined) throw badRequest(`there is no column ${quoted(missing)}`);
  return places;
}

function tensorOf(
  { name, datatype, shape: { length: rank } }: TensorSpec,
  { rows, places }: { readonly rows: Table["rows"]; readonly places: readonly number[] },
): GivenTensor {
  const values = rows.flatMap((row) => places.map((place) => row[place]));
  const shape = rank === 1 ? [rows.length] : [rows.length, places.length];
  return { name, datatype, shape, decode: (wanted) => decodeJson(values, wanted) };
}
