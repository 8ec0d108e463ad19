import { fromBfloat16Bits } from "./datatype.ts";
import { badRequest, type Tensor } from "./tensor.ts";

/**
 * The classification extension: of each row the likeliest classes as text, `value:place` and `:label` where there are
 * labels, highest first. Throws `inference/bad-request`.
 */
export function classify(
  { name, datatype, shape, data }: Tensor,
  { classes, labels = [] }: { readonly classes: number; readonly labels?: readonly string[] | undefined },
): Tensor {
  if (!Number.isSafeInteger(classes) || classes < 1)
    throw badRequest(`the classification of ${name} asks for ${String(classes)} classes`);
  if (datatype === "BYTES" || datatype === "BOOL") throw badRequest(`${name} is of ${datatype}, which has no order`);
  const isRow = shape.length < 2;
  const rows = isRow ? 1 : (shape[0] ?? 0);
  const numbers = data as Float64Array | BigInt64Array;
  const width = rows === 0 ? 0 : numbers.length / rows;
  const count = Math.min(classes, width);
  const read =
    datatype === "BF16" ? (at: number) => fromBfloat16Bits(Number(numbers[at])) : (at: number) => numbers[at] ?? 0;
  const isWhole = datatype.includes("INT");
  const text = (at: number, place: number): Uint8Array => {
    const value = isWhole ? String(read(at)) : Number(read(at)).toFixed(6);
    return Buffer.from([value, place, ...(labels[place] === undefined ? [] : [labels[place]])].join(":"));
  };
  const elements = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_place, place) => place)
      .toSorted((one, other) => compare(read(row * width + other), read(row * width + one)))
      .slice(0, count)
      .map((place) => text(row * width + place, place)),
  ).flat();
  return { name, datatype: "BYTES", shape: isRow ? [count] : [rows, count], data: elements };
}

function compare(one: number | bigint, other: number | bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
