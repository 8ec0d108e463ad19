import type { IcebergType } from "../iceberg/schema.ts";

/** `days(departed_at)`, `bucket(16, lab.key)`: a transform of a column, by its full name. */
export interface TransformTerm {
  readonly transform: string;
  readonly column: string;
}

export interface OrderTerm extends TransformTerm {
  readonly direction: "asc" | "desc";
  readonly nullOrder: "nulls-first" | "nulls-last";
}

/** Where a column is put among those beside it. */
export type Place = { readonly kind: "first" } | { readonly kind: "after"; readonly column: string };

export interface ColumnDefinition {
  /** The full name, in its parts. */
  readonly path: readonly string[];
  readonly type: IcebergType;
  readonly required: boolean;
  readonly doc: string | undefined;
  readonly place: Place | undefined;
}

export interface CreateTable {
  readonly kind: "create";
  readonly parts: readonly string[];
  readonly onlyIfMissing: boolean;
  /** Undefined with a query: its columns. */
  readonly columns: readonly ColumnDefinition[] | undefined;
  readonly partition: readonly TransformTerm[];
  readonly order: readonly OrderTerm[];
  readonly properties: Readonly<Record<string, string>>;
  /** Of `CREATE TABLE … AS`: how the rows are put in. */
  readonly query: string | undefined;
}

export interface DropTable {
  readonly kind: "drop";
  readonly parts: readonly string[];
  readonly onlyIfThere: boolean;
}

export interface AlterTable {
  readonly kind: "alter";
  readonly parts: readonly string[];
  readonly change: TableChange;
}

export type TableChange =
  | { readonly kind: "add-columns"; readonly columns: readonly ColumnDefinition[] }
  | { readonly kind: "drop-columns"; readonly columns: readonly string[] }
  | { readonly kind: "rename-column"; readonly column: string; readonly to: string }
  | { readonly kind: "retype-column"; readonly column: string; readonly type: IcebergType }
  | { readonly kind: "comment-column"; readonly column: string; readonly doc: string }
  | { readonly kind: "move-column"; readonly column: string; readonly place: Place }
  | { readonly kind: "drop-not-null"; readonly column: string }
  | { readonly kind: "add-partition"; readonly term: TransformTerm; readonly name: string | undefined }
  | { readonly kind: "drop-partition"; readonly term: TransformTerm }
  | {
      readonly kind: "replace-partition";
      readonly term: TransformTerm;
      readonly by: TransformTerm;
      readonly name: string | undefined;
    }
  | { readonly kind: "order"; readonly order: readonly OrderTerm[]; readonly distribution: "none" | "hash" | "range" }
  | { readonly kind: "set-properties"; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: "unset-properties"; readonly names: readonly string[] }
  | { readonly kind: "identifiers"; readonly columns: readonly string[]; readonly adds: boolean }
  | { readonly kind: "rename"; readonly to: readonly string[] };

export type DdlStatement = CreateTable | DropTable | AlterTable;
