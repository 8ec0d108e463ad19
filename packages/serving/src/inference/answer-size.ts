import { arrayOf, isFloat, type Datatype } from "./datatype.ts";
import { inferenceErrors } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

/** How a tensor leaves: as text, as its bytes, in gRPC's lists, or in shared memory, whose regions have bounds of their own. */
export type AnswerForm = "json" | "bytes" | "lists" | "memory";

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
/** Quotes and a comma, or its length. */
const ELEMENT_BYTES = 5;

/** A whole number in one of gRPC's lists takes no more. */
const LISTED_BYTES = 10;

/**
 * Throws `inference/large-answer` where tensors may take more than is answered at once, before any of it is written. All of
 * them are JSON unless `formOf` tells otherwise by their places.
 */
export function requireAnswerable(
  tensors: readonly Tensor[],
  bodyBytesMax: number,
  formOf: (at: number) => AnswerForm = () => "json",
): void {
  let [whole, text] = [0, 0];
  for (const [at, tensor] of tensors.entries()) {
    const form = formOf(at);
    const bytes = bytesOf(tensor, form);
    whole += bytes;
    if (form === "json") text += bytes;
  }
  const most = Math.min(bodyBytesMax * TIMES, text > TEXT_MAX ? TEXT_MAX : Number.POSITIVE_INFINITY);
  if (whole <= most) return;
  const called = text === 0 ? "" : " as JSON";
  const because = `its outputs take up to ${whole} bytes${called}, and ${most} are answered at once`;
  throw inferenceErrors.create("inference/large-answer", { because });
}

function bytesOf({ datatype, data }: Tensor, form: AnswerForm): number {
  if (form === "memory") return 0;
  if (datatype === "BYTES") {
    const times = form === "json" ? ESCAPED_TIMES : 1;
    return (data as readonly Uint8Array[]).reduce((sum, { length }) => sum + length * times + ELEMENT_BYTES, 0);
  }
  if (form === "json") return data.length * TEXT_BYTES[datatype];
  return form === "lists" && !isFloat(datatype)
    ? data.length * LISTED_BYTES
    : data.length * arrayOf(datatype).BYTES_PER_ELEMENT;
}
