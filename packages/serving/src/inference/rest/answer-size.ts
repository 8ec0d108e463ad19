import type { Datatype } from "../datatype.ts";
import { inferenceErrors } from "../errors.ts";
import type { Tensor } from "../tensor.ts";

/** An answer may be so many times as long as the largest request. */
const TIMES = 4;
/** A text here has no more characters. */
const TEXT_MAX = 2 ** 29 - 2 ** 16;

/** What an element takes in JSON at the most, with its comma. */
const TEXT_BYTES: Readonly<Record<Exclude<Datatype, "BYTES">, number>> = {
  BOOL: 6,
  INT8: 5,
  UINT8: 4,
  INT16: 7,
  UINT16: 6,
  INT32: 12,
  UINT32: 11,
  INT64: 21,
  UINT64: 21,
  FP16: 25,
  BF16: 25,
  FP32: 25,
  FP64: 25,
};
/** A quote becomes two; that a control character becomes six is not reckoned with. */
const ESCAPED_TIMES = 2;

/** Throws `inference/large-answer` where tensors may take more as JSON than is answered at once: before any of it is written. */
export function requireAnswerable(tensors: readonly Tensor[], bodyBytesMax: number): void {
  const most = Math.min(bodyBytesMax * TIMES, TEXT_MAX);
  const bytes = tensors.reduce((sum, tensor) => sum + textBytesOf(tensor), 0);
  if (bytes <= most) return;
  const because = `its outputs take up to ${bytes} bytes as JSON, and ${most} are answered at once`;
  throw inferenceErrors.create("inference/large-answer", { because });
}

function textBytesOf({ datatype, data }: Tensor): number {
  if (datatype !== "BYTES") return data.length * TEXT_BYTES[datatype];
  return (data as readonly Uint8Array[]).reduce((sum, element) => sum + element.length * ESCAPED_TIMES + 3, 0);
}
