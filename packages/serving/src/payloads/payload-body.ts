import type { Datatype, TensorData } from "../inference/datatype.ts";
import { encodeJson } from "../inference/json-tensor.ts";
import type { Tensor } from "../inference/tensor.ts";

/** The beginning of a tensor, in memory of its own. */
export interface TensorHead extends Tensor {
  /** Whether it is all of the tensor. */
  readonly isWhole: boolean;
  /** What is held of it. */
  readonly bytes: number;
}

/** A body as JSON text, as the Open Inference Protocol has it. */
export interface PayloadBody {
  readonly text: string;
  /** Whether some of it was left out. */
  readonly isTruncated: boolean;
}

/** The shortest JSON of an element, with its comma. */
const ELEMENT_BYTES_MIN = 2;

/**
 * Copies as much of a tensor as can fit into a body: its own memory may be a request's, or be given to a worker, long before
 * it is written.
 */
export function headOf({ name, datatype, shape, data }: Tensor, bytesMax: number): TensorHead {
  if (datatype === "BYTES") return textsHead({ name, shape, data: data as readonly Uint8Array[] }, bytesMax);
  const numbers = data as Float64Array;
  const count = Math.min(numbers.length, Math.floor(bytesMax / ELEMENT_BYTES_MIN));
  const kept = numbers.slice(0, count);
  return { name, datatype, shape, data: kept, isWhole: count === numbers.length, bytes: kept.byteLength };
}

function textsHead(
  {
    name,
    shape,
    data,
  }: { readonly name: string; readonly shape: readonly number[]; readonly data: readonly Uint8Array[] },
  bytesMax: number,
): TensorHead {
  const kept: Uint8Array[] = [];
  let [bytes, isWhole] = [0, true];
  for (const element of data) {
    const room = bytesMax - bytes;
    isWhole = element.length + ELEMENT_BYTES_MIN <= room;
    if (isWhole || kept.length === 0) kept.push(Uint8Array.from(element.subarray(0, textEnd(element, room))));
    bytes += element.length + ELEMENT_BYTES_MIN;
    if (!isWhole) break;
  }
  return { name, datatype: "BYTES", shape, data: kept, isWhole, bytes: Math.min(bytes, bytesMax) };
}

/** Up to where a text may be cut: not within one of its characters. */
function textEnd(text: Uint8Array, most: number): number {
  let end = Math.max(0, Math.min(text.length, most));
  while (end > 0 && end < text.length && ((text[end] as number) & 0xc0) === 0x80) end -= 1;
  return end;
}

/**
 * Tensors as the protocol's JSON, within so many bytes of data together. A tensor that does not fit keeps its shape and the
 * first of its elements. Texts that are no UTF-8 are written in base64, and say so.
 */
export function payloadBody(side: "inputs" | "outputs", tensors: readonly TensorHead[], bytesMax: number): PayloadBody {
  let [left, isTruncated] = [bytesMax, false];
  const texts = tensors.map((tensor) => {
    const { text, bytes, isWhole } = dataWithin(readable(tensor), left);
    left -= bytes;
    isTruncated ||= !(isWhole && tensor.isWhole);
    const { name, datatype, shape } = tensor;
    const head = JSON.stringify({ name, datatype, shape, ...parametersOf(tensor) });
    return `${head.slice(0, -1)},"data":${text}}`;
  });
  return { text: `{"${side}":[${texts.join(",")}]}`, isTruncated };
}

/** Text as it came, cut to so many bytes. */
export function textBody(given: string, bytesMax: number): PayloadBody {
  if (given.length <= bytesMax && Buffer.byteLength(given) <= bytesMax) return { text: given, isTruncated: false };
  const bytes = Buffer.from(given.slice(0, bytesMax));
  return { text: bytes.toString("utf8", 0, textEnd(bytes, bytesMax)), isTruncated: true };
}

interface Elements {
  readonly name: string;
  readonly datatype: Datatype;
  readonly data: TensorData;
}

function dataWithin(
  elements: Elements,
  bytesMax: number,
): { readonly text: string; readonly bytes: number; readonly isWhole: boolean } {
  const { length } = elements.data;
  let count = length;
  for (;;) {
    const data = (elements.data as Float64Array).slice(0, count);
    const text = encodeJson({ ...elements, data });
    const bytes = Buffer.byteLength(text);
    if (bytes <= Math.max(bytesMax, ELEMENT_BYTES_MIN)) return { text, bytes, isWhole: count === length };
    const only = count === 1 ? shortened(elements, bytesMax / bytes) : undefined;
    if (only !== undefined) return { ...dataWithin(only, bytesMax), isWhole: false };
    count = Math.floor((count * Math.max(0, bytesMax) * 0.9) / bytes);
  }
}

/** The first text alone, by so much shorter; undefined where nothing of it can be kept. */
function shortened({ name, datatype, data }: Elements, by: number): Elements | undefined {
  const [text] = data as readonly Uint8Array[];
  if (datatype !== "BYTES" || text === undefined) return undefined;
  const end = textEnd(text, Math.floor(text.length * Math.max(0, by) * 0.9));
  return end === 0 ? undefined : { name, datatype, data: [text.subarray(0, end)] };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function isText({ datatype, data }: Elements): boolean {
  if (datatype !== "BYTES") return true;
  try {
    for (const element of data as readonly Uint8Array[]) UTF8.decode(element);
    return true;
  } catch {
    return false;
  }
}

/** The tensor with elements that can be written as text. */
function readable(tensor: Elements): Elements {
  if (isText(tensor)) return tensor;
  const data = (tensor.data as readonly Uint8Array[]).map((element) =>
    Buffer.from(Buffer.from(element).toString("base64")),
  );
  return { ...tensor, data };
}

function parametersOf(tensor: TensorHead): object {
  return isText(tensor) ? {} : { parameters: { content_type: "base64" } };
}
