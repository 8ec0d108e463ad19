import { decodeBinary } from "../binary-tensor.ts";
import type { WantedOutput } from "../infer.ts";
import type { GivenTensor } from "../inputs.ts";
import { decodeJson, LostDigits } from "../json-tensor.ts";
import { flag, parametersOf, regionOf, wholeNumber, type Parameters } from "../parameters.ts";
import type { RegionPlace, SharedMemory } from "../shared-memory.ts";
import { badRequest } from "../tensor.ts";

/** An output as it is asked for over HTTP. */
interface AskedOutput extends WantedOutput {
  readonly isBinary: boolean;
  readonly region: RegionPlace | undefined;
}

export interface InferRequest {
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly inputs: readonly GivenTensor[];
  readonly outputs: readonly AskedOutput[] | undefined;
  /** For the outputs that say nothing of their own. */
  readonly isBinary: boolean;
}

const ID_LENGTH_MAX = 1_024;

/**
 * Reads a request: JSON, followed by the binary data of its tensors where `Inference-Header-Content-Length` tells the
 * JSON's length. Throws `inference/bad-request`.
 */
export function readInferRequest(
  body: Buffer,
  {
    headerLength,
    memory,
    exact = false,
  }: { readonly headerLength: string | undefined; readonly memory: SharedMemory; readonly exact?: boolean },
): InferRequest {
  const length = jsonLength(body, headerLength);
  const head = parseObject(body.subarray(0, length), exact);
  const { id, inputs, outputs } = head;
  if (id !== undefined && (typeof id !== "string" || id.length > ID_LENGTH_MAX))
    throw badRequest(`the id is no text of up to ${ID_LENGTH_MAX} characters`);
  const parameters = parametersOf(head["parameters"]);
  const isBinary = flag(parameters, "binary_data_output");
  const rest = new BinaryPart(body.subarray(length));
  const given = listOf(inputs, "inputs").map((input) => givenTensor(input, { rest, memory }));
  rest.requireEnd();
  return {
    id: id === "" ? undefined : id,
    parameters,
    inputs: given,
    outputs:
      outputs === undefined ? undefined : listOf(outputs, "outputs").map((output) => askedOutput(output, isBinary)),
    isBinary,
  };
}

/** Reads a request that is read again because a number lost digits: integers beyond 2^53 come as they are written. */
export function isLostDigits(error: unknown): boolean {
  return error instanceof LostDigits;
}

/** Again with every digit, where a whole number is beyond what JSON's numbers hold here. */
export async function withWholeNumbers<Result>(run: (exact: boolean) => Promise<Result>): Promise<Result> {
  try {
    return await run(false);
  } catch (error) {
    if (!isLostDigits(error)) throw error;
    return await run(true).catch((again: unknown) => {
      throw isLostDigits(again)
        ? badRequest("a whole number beyond 2^53 is written with a fraction or an exponent")
        : again;
    });
  }
}

function jsonLength(body: Buffer, given: string | undefined): number {
  if (given === undefined) return body.length;
  if (!/^\d{1,15}$/.test(given) || Number(given) > body.length)
    throw badRequest("`Inference-Header-Content-Length` is no number of bytes within the body");
  return Number(given);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A body's JSON object. */
export function parseObject(bytes: Uint8Array, exact = false): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    const text = UTF8.decode(bytes);
    value = exact ? JSON.parse(text, wholeAsWritten) : JSON.parse(text);
  } catch (cause) {
    throw badRequest(
      cause instanceof SyntaxError
        ? `the body is not JSON: ${cause.message.slice(0, 200)}`
        : "the body cannot be read as JSON in UTF-8",
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("the body is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

function wholeAsWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d{1,40}$/.test(source) ? BigInt(source) : value;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw badRequest(`\`${name}\` is no list`);
  return value as readonly unknown[];
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest(`${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

interface Places {
  readonly rest: BinaryPart;
  readonly memory: SharedMemory;
}

function givenTensor(input: unknown, { rest, memory }: Places): GivenTensor {
  const { name, datatype, shape, data, parameters: given } = objectOf(input, "an input");
  const parameters = parametersOf(given);
  const size = wholeNumber(parameters, "binary_data_size");
  const region = regionOf(parameters);
  const sources = [data !== undefined, size !== undefined, region !== undefined].filter(Boolean).length;
  if (sources !== 1) throw badRequest("an input has one of `data`, `binary_data_size` and `shared_memory_region`");
  const told = { name, datatype, shape };
  if (region !== undefined) return { ...told, decode: (wanted) => decodeBinary(memory.read(region), wanted) };
  if (size === undefined) return { ...told, decode: (wanted) => decodeJson(data, wanted) };
  const bytes = rest.take(size);
  return { ...told, decode: (wanted) => decodeBinary(bytes, wanted) };
}

function askedOutput(output: unknown, isBinary: boolean): AskedOutput {
  const { name, parameters: given } = objectOf(output, "an output");
  if (typeof name !== "string") throw badRequest("an output has no name");
  const parameters = parametersOf(given);
  const classes = wholeNumber(parameters, "classification");
  return {
    name,
    classes,
    isBinary: parameters["binary_data"] === undefined ? isBinary : flag(parameters, "binary_data"),
    region: regionOf(parameters),
  };
}

/** The bytes after the JSON, which the binary tensors take one after the other. */
class BinaryPart {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(size: number): Buffer {
    const end = this.#at + size;
    if (end > this.#bytes.length) throw badRequest("the body ends before its binary tensors do");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length)
      throw badRequest(`${this.#bytes.length - this.#at} bytes follow the last binary tensor`);
  }
}
