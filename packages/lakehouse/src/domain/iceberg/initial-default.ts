import { lakehouseErrors } from "../../errors.ts";
import { quoteText } from "../names.ts";
import type { IcebergField } from "./schema.ts";

/** What a file's rows have in a column that the file lacks, as a text that the engine casts; NULL where nothing is told. */
export function missingValue({ name, type, "initial-default": value }: Omit<IcebergField, "id" | "required">): string {
  if (value === undefined || value === null) return "NULL";
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return quoteText(String(value));
  const isBytes = type === "binary" || (typeof type === "string" && type.startsWith("fixed["));
  if (typeof value === "string") return quoteText(isBytes ? escaped(value) : value);
  throw lakehouseErrors.create("lakehouse/unsupported-type", {
    because: `column ${name}: a default value of a nested type`,
  });
}

/** Bytes are told in hexadecimal, and read by the engine as it escapes them. */
function escaped(hex: string): string {
  return hex.replaceAll(/[0-9A-Fa-f]{2}/g, (byte) => `\\x${byte}`);
}
