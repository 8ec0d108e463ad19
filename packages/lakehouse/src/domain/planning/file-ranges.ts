import { boundIn, type PackedColumn, type PackedFile } from "./packed-manifest.ts";
import { ANYTHING, NULLS, type Range } from "./ranges.ts";
import { decodeValue } from "./values.ts";

/** What the statistics of one file say of a column: its bounds, and how many are null or NaN. */
export function rangeInFile(
  column: PackedColumn | undefined,
  { index, file, type }: { readonly index: number; readonly file: PackedFile; readonly type: string },
): Range {
  if (column === undefined) return ANYTHING;
  const values = told(column.values[index]);
  const nulls = told(column.nulls[index]);
  const nans = told(column.nans[index]);
  const all = values ?? file.rows;
  if (nulls !== undefined && nulls === all) return NULLS;
  const isFloating = type === "float" || type === "double";
  const lower = bound(type, boundIn(column.lower, index));
  const upper = bound(type, boundIn(column.upper, index));
  return {
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
    mayBeNull: nulls !== 0,
    mayBeNaN: isFloating && nans !== 0,
    mayHaveValue: !isFloating || nulls === undefined || nans === undefined || nulls + nans < all,
  };
}

function told(count: number | undefined): number | undefined {
  return count === undefined || count < 0 ? undefined : count;
}

function bound(type: string, bytes: Buffer | undefined) {
  return bytes === undefined ? undefined : decodeValue(type, bytes);
}
