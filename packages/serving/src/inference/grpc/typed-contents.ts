import { arrayOf, type Datatype, type TensorData } from "../datatype.ts";
import { badRequest } from "../tensor.ts";

/** A long integer as the decoder gives it, when it is beyond what a number holds. */
export type Long = number | { readonly low: number; readonly high: number; readonly unsigned: boolean };

/** A tensor's elements in the list of the message that is for its datatype. */
export type Contents = Readonly<Record<string, ArrayLike<unknown> | undefined>>;

const FIELDS: Readonly<Partial<Record<Datatype, string>>> = {
  BOOL: "bool_contents",
  INT8: "int_contents",
  INT16: "int_contents",
  INT32: "int_contents",
  INT64: "int64_contents",
  UINT8: "uint_contents",
  UINT16: "uint_contents",
  UINT32: "uint_contents",
  UINT64: "uint64_contents",
  FP32: "fp32_contents",
  FP64: "fp64_contents",
  BYTES: "bytes_contents",
};

/** Whether a datatype has a list in the message; FP16 and BF16 cross as raw bytes alone. */
export function hasContents(datatype: Datatype): boolean {
  return FIELDS[datatype] !== undefined;
}

interface Wanted {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elements: number;
}

/** Reads the elements; a list for another datatype is refused, and so is a number that the datatype cannot hold. */
export function decodeContents(contents: Contents, { name, datatype, elements }: Wanted): TensorData {
  const field = FIELDS[datatype];
  if (field === undefined) throw badRequest(`${name} is of ${datatype}, which crosses as raw bytes alone`);
  const other = Object.entries(contents).find(([key, list]) => key !== field && (list?.length ?? 0) > 0);
  if (other !== undefined) throw badRequest(`${name} is of ${datatype}, and its data is given as ${other[0]}`);
  const list = contents[field] ?? [];
  if (list.length !== elements)
    throw badRequest(`${name} has ${list.length} elements, where its shape asks for ${elements}`);
  if (datatype === "BYTES") return Array.from(list as ArrayLike<Uint8Array>);
  const data = new (arrayOf(datatype))(elements) as { [place: number]: number | bigint };
  const isLong = datatype === "INT64" || datatype === "UINT64";
  for (let place = 0; place < elements; place += 1) {
    const value = isLong ? bigintOf(list[place] as Long) : Number(list[place]);
    data[place] = value;
    if (data[place] !== value && (datatype.includes("INT") || datatype === "BOOL"))
      throw badRequest(`${String(value)} in ${name} is not of ${datatype}`);
  }
  return data as unknown as TensorData;
}

/** A long integer whole. */
function bigintOf(value: Long): bigint {
  if (typeof value === "number") return BigInt(value);
  const { low, high, unsigned } = value;
  const high64 = BigInt(unsigned ? high >>> 0 : high);
  return (high64 << 32n) | BigInt(low >>> 0);
}

/** A long integer as a number; beyond 2^53 it is no size of anything here, and stays as large as it is. */
export function numberOf(value: Long | undefined): number {
  return value === undefined ? 0 : typeof value === "number" ? value : Number(bigintOf(value));
}

/** The message of a tensor's elements. */
export function encodeContents({
  datatype,
  data,
}: {
  readonly datatype: Datatype;
  readonly data: TensorData;
}): Contents {
  const field = FIELDS[datatype] ?? "";
  if (datatype === "BOOL") return { [field]: Array.from(data as Uint8Array, (byte) => byte === 1) };
  if (datatype === "INT64" || datatype === "UINT64") return { [field]: Array.from(data as BigInt64Array, longOf) };
  return { [field]: Array.from(data as Float64Array | readonly Uint8Array[] as ArrayLike<unknown>) };
}

function longOf(value: bigint): Long {
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned: false,
  };
}
