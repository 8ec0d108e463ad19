import type { TensorData } from "../inference/datatype.ts";
import type { Tensor } from "../inference/tensor.ts";

/**
 * A tensor whose memory is its own. What is sent to another thread is copied with all the memory that lies behind it: of a
 * tensor within a request's body that would be the whole body, of a short text a whole pool.
 */
export function wholeTensor(tensor: Tensor): Tensor {
  const { data } = tensor;
  const isList = (given: TensorData): given is readonly Uint8Array[] => Array.isArray(given);
  return { ...tensor, data: isList(data) ? data.map(own) : own(data) };
}

function own<Data extends Exclude<TensorData, readonly Uint8Array[]>>(data: Data): Data {
  if (data.byteLength === data.buffer.byteLength) return data;
  // A Buffer's own `slice` would be of the same memory.
  return (data instanceof Uint8Array ? Uint8Array.prototype.slice.call(data) : data.slice()) as Data;
}
