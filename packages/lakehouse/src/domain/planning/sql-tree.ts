// The tree of a statement as DuckDB's own parser gives it (`json_serialize_sql`). What is empty is left away.

export interface SqlExpression {
  readonly class: string;
  readonly type: string;
  readonly column_names?: readonly string[];
  readonly function_name?: string;
  readonly children?: readonly SqlExpression[];
  readonly child?: SqlExpression;
  readonly left?: SqlExpression;
  readonly right?: SqlExpression;
  readonly input?: SqlExpression;
  readonly lower?: SqlExpression;
  readonly upper?: SqlExpression;
  readonly cast_type?: SqlType;
  readonly value?: SqlConstantValue;
  readonly identifier?: string;
  readonly alias?: string;
  readonly subquery?: { readonly node: SqlNode };
  /** Of a star: */
  readonly relation_name?: string;
  readonly exclude_list?: readonly unknown[];
  readonly replace_list?: readonly unknown[];
  readonly rename_list?: readonly unknown[];
  readonly columns?: boolean;
  readonly expr?: SqlExpression;
}

export interface SqlType {
  readonly id: string;
  readonly type_info?: { readonly width?: number; readonly scale?: number };
}

interface SqlConstantValue {
  readonly type: SqlType;
  readonly is_null?: boolean;
  readonly value?: unknown;
}

export interface SqlTableRef {
  readonly type: string;
  readonly alias?: string;
  readonly query_location?: number;
  readonly sample?: unknown;
  readonly catalog_name?: string;
  readonly schema_name?: string;
  readonly table_name?: string;
  readonly column_name_alias?: readonly string[];
  readonly at_clause?: unknown;
  readonly subquery?: { readonly node: SqlNode };
  readonly left?: SqlTableRef;
  readonly right?: SqlTableRef;
  readonly condition?: SqlExpression;
  readonly join_type?: string;
  readonly ref_type?: string;
  readonly using_columns?: readonly string[];
}

export interface SqlNode {
  readonly type: string;
  readonly modifiers?: readonly { readonly type: string; readonly distinct_on_targets?: readonly unknown[] }[];
  readonly cte_map?: { readonly map?: readonly SqlCte[] };
  readonly select_list?: readonly SqlExpression[];
  readonly from_table?: SqlTableRef;
  readonly where_clause?: SqlExpression;
  readonly group_sets?: readonly unknown[];
  readonly qualify?: unknown;
  readonly sample?: unknown;
  readonly setop_type?: string;
  readonly left?: SqlNode;
  readonly right?: SqlNode;
}

export interface SqlCte {
  readonly key: string;
  readonly value: { readonly query: { readonly node: SqlNode }; readonly aliases?: readonly string[] };
}

/** What `json_serialize_sql` answers; an error for what it cannot read. */
export interface SqlTree {
  readonly error: boolean;
  readonly statements?: readonly { readonly node: SqlNode }[];
}

/** Every object of the tree at any depth, except below what is passed over. */
export function walk(value: unknown, visit: (one: Readonly<Record<string, unknown>>) => boolean): void {
  if (Array.isArray(value)) for (const one of value) walk(one, visit);
  else if (typeof value === "object" && value !== null) {
    const own = value as Readonly<Record<string, unknown>>;
    if (visit(own)) for (const one of Object.values(own)) walk(one, visit);
  }
}
