import { decodeBound } from "../../domain/iceberg/bounds.ts";
import { printExactJson } from "../../domain/iceberg/exact-json.ts";
import type { DataFile } from "../../domain/iceberg/data-file.ts";
import type { IcebergSchema } from "../../domain/iceberg/schema.ts";
import type { PhysicalNames } from "../physical-names.ts";

/** Types whose bounds mean the same in both formats: floating numbers don't, for what is not a number is greatest in Delta. */
const BOUNDED = /^(?:int|long|date|string|timestamp|timestamptz)$/;

/** What a data file says of its columns, as the text that Delta keeps beside it. */
export function deltaStatistics(
  file: DataFile,
  { schema, names }: { readonly schema: IcebergSchema; readonly names: PhysicalNames },
): string {
  const columns = schema.fields.flatMap(({ id, name, type }) =>
    typeof type === "string" ? [{ id, type, name: names.get(id) ?? name }] : [],
  );
  const bounds = (side: "lower_bounds" | "upper_bounds") =>
    Object.fromEntries(
      columns.flatMap(({ id, type, name }) => {
        const bound = file[side]?.find(({ key }) => key === id)?.value;
        const value = bound === undefined || !BOUNDED.test(type) ? undefined : boundValue(type, Buffer.from(bound));
        return value === undefined ? [] : [[name, value]];
      }),
    );
  const nulls = columns.flatMap(({ id, name }) => {
    const count = file.null_value_counts?.find(({ key }) => key === id)?.value;
    return count === undefined ? [] : [[name, count] as const];
  });
  return printExactJson({
    numRecords: file.record_count,
    minValues: bounds("lower_bounds"),
    maxValues: bounds("upper_bounds"),
    nullCount: Object.fromEntries(nulls),
  });
}

function boundValue(type: string, bound: Buffer): string | number | bigint | undefined {
  // What was widened since has the bound of its time.
  const decoded = decodeBound(type === "long" && bound.length === 4 ? "int" : type, bound);
  if (decoded === undefined) return undefined;
  if (type === "date" || type === "string") return decoded.text;
  if (!type.startsWith("timestamp")) return decoded.value;
  if (decoded.text.endsWith("µs")) return undefined;
  const text = decoded.text.replace(" ", "T");
  return type === "timestamptz" ? `${text}Z` : text;
}
