import type { SqlValue } from "@millwright/lakehouse";

/** What a statement answered: columns by the database's own type names. */
export interface WarehouseTable {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/** A relation as the database knows it. */
export interface KnownRelation {
  readonly database: string;
  readonly schema: string;
  readonly identifier: string;
  readonly kind: "table" | "view";
}

/** A database that models are built in, one statement after the other on one connection. Fails with `lakehouse/sql-error`. */
export interface Warehouse {
  readonly type: string;
  /** The name that stands before the schema. */
  readonly database: string;
  /** Runs one or several statements and answers what the last one gave. */
  execute(sql: string): Promise<WarehouseTable>;
  close(): Promise<void>;
}
