import { arrayOf, bfloat16Bits, fromBfloat16Bits, isFloat, type Datatype, type TensorData } from "./datatype.ts";
import { badRequest } from "./tensor.ts";

interface Wanted {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elements: number;
}

/**
 * JSON as a caller sent it. An integer that a number cannot hold is a bigint, where the text was read for it; bytes that a
 * protocol writes in its own way are read already.
 */
export type Json = unknown;

/** Told by a tensor whose integers have lost digits on their way: its text is to be read again with all of them. */
export class LostDigits extends Error {}

/** Reads elements from JSON, nested or flat, each as its datatype has it. Throws `inference/bad-request`. */
export function decodeJson(given: Json, wanted: Wanted): TensorData {
  const { name, datatype, elements } = wanted;
  if (!Array.isArray(given)) throw badRequest(`the data of ${name} is no list`);
  const numbers = isFloat(datatype) && datatype !== "BF16" ? plainNumbers(given as readonly Json[], wanted) : undefined;
  if (numbers !== undefined) return numbers;
  const flat = flatten(given as readonly Json[], wanted);
  if (flat.length !== elements)
    throw badRequest(`${name} has ${flat.length} elements, where its shape asks for ${elements}`);
  if (datatype === "BYTES") return flat.map((value) => textOf(value, name));
  const data = new (arrayOf(datatype))(elements) as { [place: number]: number | bigint };
  const read = readerOf(datatype, name);
  for (let place = 0; place < elements; place += 1) data[place] = read(flat[place]);
  return data as unknown as TensorData;
}

/** As most are given: a flat list of as many numbers as there are to be. Undefined of any other. */
function plainNumbers(given: readonly Json[], { datatype, elements }: Wanted): TensorData | undefined {
  if (given.length !== elements) return undefined;
  const data = new (arrayOf(datatype as "FP64"))(elements) as Float64Array;
  for (let place = 0; place < elements; place += 1) {
    const value = given[place];
    if (typeof value !== "number") return undefined;
    data[place] = value;
  }
  return data;
}

/** The elements in the order in which they are written. What is too deep or too much for the shape is refused early. */
function flatten(given: readonly Json[], { name, elements }: Wanted): readonly Json[] {
  if (!given.some(Array.isArray)) return given;
  const flat: Json[] = [];
  const visit = (list: readonly Json[], depth: number): void => {
    if (depth > DEPTH_MAX) throw badRequest(`the data of ${name} is nested more than ${DEPTH_MAX} deep`);
    for (const item of list) {
      if (Array.isArray(item)) visit(item as readonly Json[], depth + 1);
      else flat.push(item);
    }
    if (flat.length > elements) throw badRequest(`${name} has more than the ${elements} elements of its shape`);
  };
  visit(given, 1);
  return flat;
}

const DEPTH_MAX = 32;

function readerOf(datatype: Exclude<Datatype, "BYTES">, name: string): (value: Json) => number | bigint {
  const refuse = (value: Json): never => {
    const told = typeof value === "bigint" ? value.toString() : JSON.stringify(value);
    throw badRequest(`${told?.slice(0, 100)} in ${name} is not of ${datatype}`);
  };
  if (datatype === "BOOL")
    return (value) => (value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : refuse(value));
  if (isFloat(datatype)) {
    const round = datatype === "BF16" ? bfloat16Bits : (value: number) => value;
    return (value) => round(typeof value === "number" ? value : (notFinite(value) ?? refuse(value)));
  }
  const [least, most] = RANGES[datatype as keyof typeof RANGES];
  return datatype === "INT64" || datatype === "UINT64"
    ? (value) => {
        if (!isWhole(value)) return refuse(value);
        const exact = BigInt(value);
        return exact >= least && exact <= most ? exact : refuse(value);
      }
    : (value) =>
        typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : refuse(value);
}

/** The names that JSON has no number for: null is not a number, the others are text. */
function notFinite(value: Json): number | undefined {
  if (value === null || value === "NaN") return Number.NaN;
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity") return Number.NEGATIVE_INFINITY;
  return typeof value === "bigint" ? Number(value) : undefined;
}

function isWhole(value: Json): value is number | bigint {
  if (typeof value === "bigint") return true;
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  if (!Number.isSafeInteger(value)) throw new LostDigits();
  return true;
}

const RANGES = {
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  UINT64: [0n, 2n ** 64n - 1n],
} as const;

function textOf(value: Json, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string") throw badRequest(`an element of ${name} is of BYTES and is no text`);
  if (!value.isWellFormed())
    throw badRequest(`an element of ${name} has half a character (\\ud800 to \\udfff), which no UTF-8 has`);
  return Buffer.from(value);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** An element of BYTES as text; undefined where it is none. */
export function textIn(element: Uint8Array): string | undefined {
  try {
    return UTF8.decode(element);
  } catch {
    return undefined;
  }
}

/**
 * The elements as JSON text, flat. What is not finite is null. Throws `inference/bad-request` for bytes that are no
 * text: they cross as binary data only.
 */
export function encodeJson({
  name,
  datatype,
  data,
}: {
  readonly name: string;
  readonly datatype: Datatype;
  readonly data: TensorData;
}): string {
  if (datatype === "BYTES")
    return JSON.stringify((data as readonly Uint8Array[]).map((element) => decodedText(element, name)));
  if (datatype === "BOOL") return JSON.stringify(Array.from(data as Uint8Array, (byte) => byte === 1));
  if (datatype === "INT64" || datatype === "UINT64") return `[${(data as BigInt64Array).join(",")}]`;
  if (datatype === "BF16") return JSON.stringify(Array.from(data as Uint16Array, fromBfloat16Bits));
  return JSON.stringify(listOf(data as Float64Array));
}

/** `Array.from` asks for each element by an iterator, and takes as long as all the rest. */
function listOf(data: Float64Array): readonly number[] {
  const list: number[] = [];
  for (let place = 0; place < data.length; place += 1) list.push(data[place] as number);
  return list;
}

function decodedText(element: Uint8Array, name: string): string {
  const text = textIn(element);
  if (text === undefined) throw badRequest(`an element of ${name} is no UTF-8: ask for it as binary data`);
  return text;
}
