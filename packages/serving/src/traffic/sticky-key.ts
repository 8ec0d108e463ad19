import type { StickyBy } from "./traffic-options.ts";

/** What a request said beside its fields. Names of headers are in lower case. */
export interface AskedWith {
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
}

/** The key of a request as a whole; undefined where it brings none, or where each of its rows has its own. */
export function requestKey(stickyBy: StickyBy | undefined, { parameters, headers }: AskedWith): string | undefined {
  if (stickyBy === undefined || "field" in stickyBy) return undefined;
  if ("parameter" in stickyBy) return keyOf(ownValue(parameters, stickyBy.parameter));
  const value = ownValue(headers, stickyBy.header.toLowerCase());
  // As HTTP joins a header that is sent twice.
  return keyOf(Array.isArray(value) ? value.join(", ") : value);
}

/** The key of a row. */
export function rowKey(stickyBy: StickyBy | undefined, row: Readonly<Record<string, unknown>>): string | undefined {
  return stickyBy !== undefined && "field" in stickyBy ? keyOf(ownValue(row, stickyBy.field)) : undefined;
}

function ownValue(record: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/**
 * One key for what the protocols send in different ways: a number, a whole one of 64 bits and its digits as text; true, 1 and
 * `true`. Beyond 2^53 a whole number is the nearest one that JSON brings.
 */
function keyOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return textKey(value.trim());
    case "boolean":
      return value ? "1" : "0";
    case "number":
    case "bigint":
      return String(Number(value));
    default:
      return undefined;
  }
}

function textKey(text: string): string | undefined {
  if (text === "") return undefined;
  return text === "true" ? "1" : text === "false" ? "0" : text;
}
