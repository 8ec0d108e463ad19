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
  return keyOf(Array.isArray(value) ? value[0] : value);
}

/** The key of a row. */
export function rowKey(stickyBy: StickyBy | undefined, row: Readonly<Record<string, unknown>>): string | undefined {
  return stickyBy !== undefined && "field" in stickyBy ? keyOf(ownValue(row, stickyBy.field)) : undefined;
}

function ownValue(record: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A number and its digits as text are one key: the protocols differ in which of them they send. */
function keyOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
