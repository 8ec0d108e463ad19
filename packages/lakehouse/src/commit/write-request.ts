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
  /** Partition transforms, `days(departed_at)`, `bucket(16, tail)`; unless told, what the table has. */
  readonly partitionBy?: readonly string[];
  /** What rows are sorted by, `departed_at desc`; unless told, what the table has. */
  readonly sortBy?: readonly string[];
  /** More entries of the snapshot's summary. */
  readonly summary?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}
