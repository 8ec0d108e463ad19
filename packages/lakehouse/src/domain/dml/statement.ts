/** A piece of a statement as it was written, to be read by the engine's own parser alone. */
export type Sql = string;

/** The table that a statement changes. */
export interface Target {
  /** As written, unquoted: `["lab", "orders"]`. */
  readonly parts: readonly string[];
  /** By which the statement's expressions name its columns. */
  readonly alias: string;
}

interface WithTarget {
  /** What stands between WITH and the statement; undefined without one. */
  readonly ctes: Sql | undefined;
  readonly target: Target;
}

export interface InsertStatement extends WithTarget {
  readonly kind: "insert";
  /** Undefined: all columns by place, or with `byName` those that the query names. */
  readonly columns: readonly string[] | undefined;
  readonly byName: boolean;
  readonly query: Sql;
}

export interface DeleteStatement extends WithTarget {
  readonly kind: "delete";
  readonly using: Sql | undefined;
  /** Undefined: every row. */
  readonly where: Sql | undefined;
}

export interface Assignment {
  readonly column: string;
  /** Undefined: DEFAULT. */
  readonly value: Sql | undefined;
}

export interface UpdateStatement extends WithTarget {
  readonly kind: "update";
  readonly set: readonly Assignment[];
  readonly from: Sql | undefined;
  readonly where: Sql | undefined;
}

/** What a MERGE does to a row, if no clause before it was for it. */
export interface MergeClause {
  readonly on: "matched" | "not-matched" | "not-matched-by-source";
  readonly and: Sql | undefined;
  readonly action: MergeAction;
}

export type MergeAction =
  | { readonly kind: "delete" }
  | { readonly kind: "nothing" }
  /** `set` is undefined for `UPDATE SET *`: every column from the source's of its name. */
  | { readonly kind: "update"; readonly set: readonly Assignment[] | undefined }
  /** Both are undefined for `INSERT *`; without columns, the values are of all columns by place. */
  | {
      readonly kind: "insert";
      readonly columns: readonly string[] | undefined;
      readonly values: readonly (Sql | undefined)[] | undefined;
    };

export interface MergeStatement extends WithTarget {
  readonly kind: "merge";
  /** A table, a subquery or a join, with its alias. */
  readonly using: Sql;
  readonly on: Sql;
  readonly clauses: readonly MergeClause[];
}

export type DmlStatement = InsertStatement | DeleteStatement | UpdateStatement | MergeStatement;
