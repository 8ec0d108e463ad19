import { arrayOf, type Datatype, type TensorData } from "../datatype.ts";
import type { Tensor } from "../tensor.ts";

type NumberData = Exclude<TensorData, readonly Uint8Array[]>;

/** The rows of several requests as one: each input along its first dimension. All are alike but for their rows. */
export function joinRows(requests: readonly (readonly Tensor[])[]): readonly Tensor[] {
  const [first = []] = requests;
  return first.map((tensor, at) => {
    const parts = requests.map((inputs) => inputs[at] as Tensor);
    const rows = parts.reduce((sum, { shape: [size = 0] }) => sum + size, 0);
    return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], data: joinData(tensor.datatype, parts) };
  });
}

function joinData(datatype: Datatype, parts: readonly Tensor[]): TensorData {
  if (datatype === "BYTES") return parts.flatMap(({ data }) => data as readonly Uint8Array[]);
  const joined = new (arrayOf(datatype))(parts.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    // All are of one datatype, and so of one array.
    joined.set(data as never, at);
    at += data.length;
  }
  return joined;
}

/**
 * Each request's rows of what was answered to all: undefined where an output has not one row for each row given, so that
 * nobody can say whose they are.
 */
export function splitRows(
  outputs: readonly Tensor[],
  rows: readonly number[],
): readonly (readonly Tensor[])[] | undefined {
  const all = rows.reduce((sum, size) => sum + size, 0);
  if (outputs.some(({ shape: [size] }) => size !== all)) return undefined;
  let begin = 0;
  return rows.map((size) => {
    const from = begin;
    begin += size;
    return outputs.map((tensor) => {
      const each = tensor.data.length / all;
      return {
        ...tensor,
        shape: [size, ...tensor.shape.slice(1)],
        data: partOf(tensor.data, from * each, begin * each),
      };
    });
  });
}

/** A copy: a row that is kept does not hold the rows of others. */
function partOf(data: TensorData, begin: number, end: number): TensorData {
  return Array.isArray(data) ? data.slice(begin, end) : (data as NumberData).slice(begin, end);
}
