import { inferenceErrors } from "./errors.ts";
import type { Datatype, TensorData } from "./datatype.ts";

/** A tensor with its elements, whole and of the shape's size. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a model says of a tensor. -1 is a dimension of any size; dimensions of one name have one size in a request. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly dimensionNames: readonly (string | undefined)[];
  /** Whether a request may come without it. */
  readonly isOptional?: boolean;
  /** The names of the classes, by their place, where the model's folder has them. */
  readonly labels?: readonly string[];
  /** Of an input of [rows, features] what its columns are called. */
  readonly features?: readonly string[];
  /** Of an input of floats: in which other datatypes of numbers it may be given. */
  readonly alsoOf?: readonly Datatype[];
  /** Of a model's only input: what it is called by is the caller's own. */
  readonly isOfAnyName?: boolean;
  /** Of an output: it is computed where it is asked for by its name. */
  readonly isOnRequest?: boolean;
}

/** The datatypes of numbers whose elements are numbers, and not their bits. */
export const NUMBERS: readonly Datatype[] = [
  ...(["FP32", "FP64", "FP16", "INT8", "INT16", "INT32", "INT64"] as const),
  ...(["UINT8", "UINT16", "UINT32", "UINT64", "BOOL"] as const),
];

const RANK_MAX = 32;
/** No tensor here has more: it would not fit the largest body. */
const ELEMENTS_MAX = 2 ** 31;

/** How many elements a shape has. Throws `inference/bad-request` where it is no shape of a request. */
export function elementsOf(name: string, shape: readonly number[]): number {
  if (shape.length > RANK_MAX) throw badRequest(`the shape of ${name} has more than ${RANK_MAX} dimensions`);
  let elements = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw badRequest(`the shape of ${name} has the size ${String(size)}, which is no whole number from 0 on`);
    elements *= size;
  }
  if (elements > ELEMENTS_MAX) throw badRequest(`${name} would have ${elements} elements`);
  return elements;
}

export function badRequest(because: string): Error {
  return inferenceErrors.create("inference/bad-request", { because });
}

/** A name of a caller in a message. */
export function quoted(name: unknown): string {
  return JSON.stringify(typeof name === "string" ? name.slice(0, 100) : name);
}
