/** The datatypes of the Open Inference Protocol. */
export type Datatype =
  | "BOOL"
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "FP16"
  | "BF16"
  | "FP32"
  | "FP64"
  | "BYTES";

/** A tensor's elements in row-major order. BOOL is bytes of 0 and 1, BF16 its bits; BYTES is a list. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array
  | readonly Uint8Array[];

type NumberArray = Exclude<TensorData, readonly Uint8Array[]>;

interface NumberArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): NumberArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumberArray;
}

const ARRAYS: Readonly<Record<Exclude<Datatype, "BYTES">, NumberArrayConstructor>> = {
  BOOL: Uint8Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  FP16: Float16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

export function isDatatype(text: unknown): text is Datatype {
  return typeof text === "string" && (text === "BYTES" || Object.hasOwn(ARRAYS, text));
}

/** The array that holds a datatype's elements; none for BYTES, whose elements have no one size. */
export function arrayOf(datatype: Exclude<Datatype, "BYTES">): NumberArrayConstructor {
  return ARRAYS[datatype];
}

export function isFloat(datatype: Datatype): boolean {
  return datatype === "FP16" || datatype === "BF16" || datatype === "FP32" || datatype === "FP64";
}

const FLOAT_BITS = new DataView(new ArrayBuffer(4));

/** The nearest BF16 of a number, ties to even, as its bits. */
export function bfloat16Bits(value: number): number {
  FLOAT_BITS.setFloat32(0, value);
  const bits = FLOAT_BITS.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function fromBfloat16Bits(bits: number): number {
  FLOAT_BITS.setUint32(0, (bits << 16) >>> 0);
  return FLOAT_BITS.getFloat32(0);
}
