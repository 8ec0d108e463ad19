import type { Column } from "@millwright/kernel";

/** Rows to be written to a table, and how they meet those that are there. */
export interface WriteRequest {
  readonly table: string;
  readonly select: string;
  readonly mode: "replace" | "append" | "merge";
  /** For `merge`: columns by which a new row takes an old one's place. */
  readonly uniqueKey?: readonly string[];
  /** Their docs are kept; names and types come from the SELECT. */
  readonly columns?: readonly Column[];
  /** More entries of the snapshot's summary. */
  readonly summary?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}
