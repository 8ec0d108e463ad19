import type { Column } from "@millwright/kernel";

export type SourceFormat = "csv" | "parquet" | "jsonl";

/** Where raw data comes from and what it must be. Becomes the table of its name. */
export interface SourceDefinition<Name extends string = string> {
  readonly kind: "source";
  readonly name: Name;
  /** A file or glob below the project, or `npm:PACKAGE/file` in an npm dependency of it. */
  readonly path: string;
  readonly format: SourceFormat | null;
  readonly columns: readonly Column[];
  readonly description: string;
}

export interface SourceOptions<Name extends string> {
  readonly name: Name;
  readonly path: string;
  /** By the file's suffix when absent. */
  readonly format?: SourceFormat;
  /** Every column that is taken, with its Iceberg type. What the file has beyond them is left. */
  readonly columns: Readonly<Record<string, string>> | readonly Column[];
  readonly description?: string;
}

/**
 * Declares a source.
 *
 * @example
 * ```ts
 * export const sales = defineSource({ name: "sales_raw", path: "data/sales.csv", columns: { sold_at: "timestamp", amount: "double" } });
 * ```
 */
export function defineSource<const Name extends string>(options: SourceOptions<Name>): SourceDefinition<Name> {
  const { name, path, format = null, columns, description = "" } = options;
  return { kind: "source", name, path, format, columns: columnList(columns), description };
}

function columnList(columns: SourceOptions<string>["columns"]): readonly Column[] {
  if (isList(columns)) return columns;
  return Object.entries(columns).map(([name, type]) => ({ name, type }));
}

function isList(columns: SourceOptions<string>["columns"]): columns is readonly Column[] {
  return Array.isArray(columns);
}
