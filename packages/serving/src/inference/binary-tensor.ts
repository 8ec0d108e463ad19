import { arrayOf, type Datatype, type TensorData } from "./datatype.ts";
import { badRequest } from "./tensor.ts";

/** The elements in little-endian bytes, BYTES as length and text each, as both protocols carry raw tensors. */
export function encodeBinary({ datatype, data }: { readonly datatype: Datatype; readonly data: TensorData }): Buffer {
  if (datatype !== "BYTES") {
    const { buffer, byteOffset, byteLength } = data as Exclude<TensorData, readonly Uint8Array[]>;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  const elements = data as readonly Uint8Array[];
  const whole = Buffer.allocUnsafe(elements.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const element of elements) {
    at = whole.writeUInt32LE(element.length, at);
    whole.set(element, at);
    at += element.length;
  }
  return whole;
}

interface Wanted {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elements: number;
}

/** Reads raw elements; their number is the shape's. Throws `inference/bad-request`. */
export function decodeBinary(bytes: Uint8Array, wanted: Wanted): TensorData {
  if (wanted.datatype === "BYTES") return decodeElements(bytes, wanted);
  const { name, datatype, elements } = wanted;
  const type = arrayOf(datatype as Exclude<Datatype, "BYTES">);
  const size = type.BYTES_PER_ELEMENT;
  if (bytes.length !== elements * size)
    throw badRequest(`${name} has ${bytes.length} bytes, where its shape asks for ${elements * size}`);
  // The memory is the request's own and may begin at any place.
  const isAligned = bytes.byteOffset % size === 0;
  const { buffer, byteOffset } = isAligned ? bytes : new Uint8Array(bytes);
  const data = new type(buffer, byteOffset, elements);
  if (datatype === "BOOL" && (data as Uint8Array).some((byte) => byte > 1))
    throw badRequest(`${name} is of BOOL, and has a byte that is neither 0 nor 1`);
  return data;
}

function decodeElements(bytes: Uint8Array, { name, elements }: Wanted): readonly Uint8Array[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Uint8Array[] = [];
  let at = 0;
  while (at < view.length) {
    if (found.length === elements) throw badRequest(`${name} has more than the ${elements} elements of its shape`);
    const end = at + 4 > view.length ? Number.POSITIVE_INFINITY : at + 4 + view.readUInt32LE(at);
    if (end > view.length) throw badRequest(`an element of ${name} goes beyond the tensor's end`);
    found.push(view.subarray(at + 4, end));
    at = end;
  }
  if (found.length !== elements)
    throw badRequest(`${name} has ${found.length} elements, where its shape asks for ${elements}`);
  return found;
}
