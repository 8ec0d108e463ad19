import type { ServedModel } from "@millwright/client";

type Input = ServedModel["inputs"][number];

/** What a person has written for one input of one row: a text for each of its elements, or one of JSON for all. */
export type Written = Readonly<Record<string, readonly string[]>>;

const ZEROS_MAX = 2_000;
/** Of a table with more columns than that, the values are written as one list. */
const FIELDS_MAX = 40;

/** A field of the form. */
export interface Field {
  readonly input: Input;
  readonly at: number;
  readonly name: string;
  /** The whole input as JSON. */
  readonly isWhole: boolean;
}

/** How an input's values are written: each of a row's by itself where that is possible. */
export function fieldsOf(input: Input): readonly Field[] {
  const { name, features, shape } = input;
  const columns = shape.length === 1 && isRows(shape[0]) ? 1 : shape.length === 2 && isRows(shape[0]) ? shape[1] : 0;
  if (columns === undefined || columns < 1 || columns > FIELDS_MAX) return [{ input, at: 0, name, isWhole: true }];
  if (shape.length === 1) return [{ input, at: 0, name, isWhole: false }];
  return Array.from({ length: columns }, (_, at) => ({
    input,
    at,
    name: features[at] ?? `${name}[${at}]`,
    isWhole: false,
  }));
}

function isRows(size: number | undefined): boolean {
  return size === -1 || size === 1;
}

/** A request that can be sent as it is: nothing of anything. */
export function plainRequest(inputs: readonly Input[]): Written {
  return Object.fromEntries(
    inputs.map((input) => [
      input.name,
      fieldsOf(input).map(({ isWhole }) => (isWhole ? JSON.stringify(zerosOf(input)) : plainText(input))),
    ]),
  );
}

function plainText({ datatype }: Input): string {
  return datatype === "BYTES" ? "" : datatype === "BOOL" ? "false" : "0";
}

/** Of a row; a dimension of any size has one element. */
function zerosOf({ datatype, shape }: Input): unknown {
  const value = datatype === "BYTES" ? "" : datatype === "BOOL" ? false : 0;
  const inner = isRows(shape[0]) ? shape.slice(1) : shape;
  // A picture's zeros are more than a person reads, or a form holds.
  if (inner.reduce((product, size) => product * Math.max(1, size), 1) > ZEROS_MAX) return [];
  return inner
    .toReversed()
    .reduce<unknown>((nested, size) => Array.from({ length: Math.max(1, size) }, () => nested), value);
}

/** The request of the Open Inference Protocol as JSON: numbers stand in it with all the digits that were written. */
export function inferText(inputs: readonly Input[], written: Written): string {
  const tensors = inputs.map((input) => {
    const { name, datatype } = input;
    const row = rowText(input, written);
    const data = isRows(input.shape[0]) ? `[${row}]` : row;
    const head = JSON.stringify({ name, datatype, shape: shapeOf(data) });
    return `${head.slice(0, -1)},"data":${data}}`;
  });
  return `{"inputs":[${tensors.join(",")}]}`;
}

/** The request for an explanation, in KServe's first protocol. */
export function explainText(inputs: readonly Input[], written: Written, background: string): string {
  const usual = background.trim() === "" ? "" : `,"background":${background}`;
  return `{"instances":[${instanceText(inputs, written)}]${usual}}`;
}

/** One row as `instances` has it: of several inputs an object. */
export function instanceText(inputs: readonly Input[], written: Written): string {
  const [only, ...others] = inputs;
  if (only !== undefined && others.length === 0) return rowText(only, written);
  return `{${inputs.map((input) => `${JSON.stringify(input.name)}:${rowText(input, written)}`).join(",")}}`;
}

function rowText(input: Input, written: Written): string {
  const fields = fieldsOf(input);
  const texts = written[input.name] ?? [];
  if (fields[0]?.isWhole === true) return isJson(texts[0] ?? "") ? (texts[0] ?? "") : JSON.stringify(texts[0] ?? "");
  const values = fields.map((_, at) => valueText(input, texts[at] ?? ""));
  return input.shape.length === 1 ? (values[0] ?? "null") : `[${values.join(",")}]`;
}

/** What is no value of its datatype is sent as a text, so that the server's own words tell of it. */
function valueText({ datatype }: Input, text: string): string {
  const trimmed = text.trim();
  if (datatype === "BOOL" && /^(true|false)$/.test(trimmed)) return trimmed;
  if (datatype !== "BYTES" && datatype !== "BOOL" && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed))
    return trimmed;
  return JSON.stringify(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** By the first of each nested list. */
function shapeOf(data: string): readonly number[] {
  const shape: number[] = [];
  for (let inner: unknown = JSON.parse(data); Array.isArray(inner); inner = (inner as readonly unknown[])[0])
    shape.push(inner.length);
  return shape;
}
