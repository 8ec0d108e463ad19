import type { Table } from "@millwright/client";

/** The table with the most rows: of it there is something to ask. */
export function largestOf(tables: readonly Table[]): Table | undefined {
  const full = tables.filter(({ rowCount }) => (rowCount ?? 0) > 0);
  return full.toSorted((one, other) => (other.rowCount ?? 0) - (one.rowCount ?? 0))[0];
}
