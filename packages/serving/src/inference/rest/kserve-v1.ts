import { decodeJson, encodeJson, textIn } from "../json-tensor.ts";
import type { GivenTensor } from "../inputs.ts";
import type { ServedModel } from "../served-model.ts";
import { inputsOfTable, isObject, tableOfColumns, tableOfRecords, valueIn } from "./table.ts";
import { badRequest, quoted, type Tensor, type TensorSpec } from "../tensor.ts";

type Body = Readonly<Record<string, unknown>>;

/**
 * The inputs of KServe's first protocol: `instances`, row by row, or `inputs`, by name or row by row. A row is a model's only
 * input, a list of all its inputs or features, or an object of them by name; bytes are text, or `{"b64": …}` as TensorFlow
 * Serving has them. Throws `inference/bad-request`.
 */
export function inputsOfV1(body: Body, specs: readonly TensorSpec[]): readonly GivenTensor[] {
  const { instances, inputs } = body;
  const rows = instances ?? inputs;
  if (Array.isArray(rows)) return inputsOfRows(rows as readonly unknown[], specs);
  if (instances !== undefined || !isObject(inputs))
    throw badRequest("the body has neither `instances`, a list, nor `inputs`");
  const isTable = specs.some(({ name, features }) => features !== undefined && valueIn(inputs, name) === undefined);
  if (isTable) return inputsOfTable(tableOfColumns(inputs), specs);
  return specs
    .filter(({ name, isOptional }) => isOptional !== true || valueIn(inputs, name) !== undefined)
    .map((spec) => tensorOf(spec, valueIn(inputs, spec.name)));
}

function inputsOfRows(rows: readonly unknown[], specs: readonly TensorSpec[]): readonly GivenTensor[] {
  const [first] = rows;
  const [only, ...others] = specs;
  if (only === undefined || others.length > 0) {
    if (Array.isArray(first)) return inputsOfTable({ columns: undefined, rows: listsOf(rows) }, specs);
    return specs.filter((spec) => !isLeftOut(spec, rows)).map((spec) => tensorOf(spec, columnOf(rows, spec)));
  }
  if (!isObject(first) || isBase64(first)) return [tensorOf(only, rows)];
  const isTable = only.features !== undefined && valueIn(first, only.name) === undefined;
  return isTable ? inputsOfTable(tableOfRecords(rows), specs) : [tensorOf(only, columnOf(rows, only))];
}

/** Whether no row has an input that may be absent. */
function isLeftOut({ name, isOptional }: TensorSpec, rows: readonly unknown[]): boolean {
  return isOptional === true && rows.every((row) => !isObject(row) || valueIn(row, name) === undefined);
}

function listsOf(rows: readonly unknown[]): readonly (readonly unknown[])[] {
  return rows.map((row, at) => {
    if (Array.isArray(row)) return row as readonly unknown[];
    throw badRequest(`row ${at} is no list, as the first one is`);
  });
}

/** Of each row, an object, the value of one name. */
function columnOf(rows: readonly unknown[], { name }: TensorSpec): readonly unknown[] {
  return rows.map((row) => {
    const value = isObject(row) ? valueIn(row, name) : undefined;
    if (value === undefined) throw badRequest(`a row has no ${quoted(name)}`);
    return value;
  });
}

function tensorOf({ name, datatype }: TensorSpec, value: unknown): GivenTensor {
  const decode: GivenTensor["decode"] = (wanted) => decodeJson(datatype === "BYTES" ? bytesIn(value) : value, wanted);
  return { name, datatype, shape: shapeOf(value, name), decode };
}

function bytesIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bytesIn);
  return isBase64(value) ? Buffer.from(value.b64, "base64") : value;
}

function isBase64(value: unknown): value is { readonly b64: string } {
  return isObject(value) && typeof value["b64"] === "string" && Object.keys(value).length === 1;
}

const RANK_MAX = 32;

/** The shape of nested lists, by the first of each; that the others are alike is seen by their number. */
function shapeOf(value: unknown, name: string): readonly number[] {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = (inner as readonly unknown[])[0]) {
    if (shape.length === RANK_MAX) throw badRequest(`${name} is nested more than ${RANK_MAX} deep`);
    shape.push(inner.length);
  }
  requireEven(value, shape, name);
  return shape;
}

function requireEven(value: unknown, [length, ...rest]: readonly number[], name: string): void {
  const isEven = length === undefined ? !Array.isArray(value) : Array.isArray(value) && value.length === length;
  if (!isEven) throw badRequest(`the rows of ${name} are of different shapes`);
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) requireEven(item, rest, name);
}

/** The rows against which a request wants its own explained, or the model's. Throws `inference/bad-request`. */
export function backgroundOfV1({ background }: Body, { model }: Pick<ServedModel, "model">): readonly GivenTensor[] {
  if (background !== undefined) return inputsOfV1({ instances: background }, model.inputs);
  if (model.background !== undefined) return model.background;
  throw badRequest(
    "it says not against which rows: `background` has some as `instances` has, or the parameter explain_background of the model's config.pbtxt names their file",
  );
}

/** Of each row what every feature adds to the sum before the link, and last what that is on average; of classes each. */
export function explanationsOf([contributions]: readonly Tensor[]): string {
  return JSON.stringify({ explanations: contributions === undefined ? [] : nestedValues(contributions) });
}

/** The answer: one output's rows as they are, several as an object for each row. */
export function predictionsOf(outputs: readonly Tensor[]): string {
  const [only, ...others] = outputs;
  const columns = outputs.map((tensor) => ({ name: tensor.name, rows: nestedValues(tensor) }));
  const rows =
    only !== undefined && others.length === 0
      ? (columns[0]?.rows ?? [])
      : (columns[0]?.rows ?? []).map((_, at) =>
          Object.fromEntries(columns.map(({ name, rows: all }) => [name, all[at]])),
        );
  return JSON.stringify({ predictions: rows });
}

/** A tensor's values as `JSON.stringify` writes them, whole numbers with all their digits; nested as its shape is. */
export function nestedValues(tensor: Tensor): readonly unknown[] {
  const { datatype, data } = tensor;
  let values: readonly unknown[] =
    datatype === "INT64" || datatype === "UINT64"
      ? Array.from(data as BigInt64Array, jsonNumber)
      : datatype === "BYTES"
        ? (data as readonly Uint8Array[]).map(
            (element) => textIn(element) ?? { b64: Buffer.from(element).toString("base64") },
          )
        : (JSON.parse(encodeJson(tensor)) as readonly unknown[]);
  for (const size of tensor.shape.slice(1).toReversed()) {
    const groups = size === 0 ? 0 : values.length / size;
    values = Array.from({ length: groups }, (_, at) => values.slice(at * size, (at + 1) * size));
  }
  return values;
}

/** TypeScript's library does not know of `JSON.rawJSON` yet. */
const EXACT = JSON as unknown as { rawJSON(text: string): object };

/** A whole number as `JSON.stringify` takes it, with all its digits. */
function jsonNumber(value: bigint): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : EXACT.rawJSON(String(value));
}

/** For `JSON.stringify`: a parameter may be a whole number beyond what JavaScript's numbers hold. */
export function allDigits(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? jsonNumber(value) : value;
}
