import type { Column } from "@millwright/kernel";

export type SourceFormat = "csv" | "parquet" | "jsonl" | "delta";

/** Where raw data comes from and what it must be. Becomes the table of its name. */
export interface SourceDefinition<Name extends string = string> {
  readonly kind: "source";
  readonly name: Name;
  /** A file or glob below the project, the folder of a Delta table there, or `npm:PACKAGE/file` in an npm dependency of it. */
  readonly path: string;
  readonly format: SourceFormat | null;
  readonly columns: readonly Column[];
  readonly badRows: BadRows;
  readonly csv: CsvOptions;
  readonly delta?: DeltaOptions;
  readonly description: string;
  /** Only so many of the rows, those whose hash is least: how tests see a source. */
  readonly sampleRows?: number;
}

/** What becomes of a row that is not of the contract: the load is refused whole, or the row is put into `NAME_quarantine`. */
export type BadRows = "fail" | "quarantine";

/** How a CSV file is written, where it isn't seen from its header. */
export interface CsvOptions {
  /** One character; found by the header's names when absent. */
  readonly delimiter?: string;
  /** Any encoding that the WHATWG standard names, such as `windows-1252` or `shift_jis`; UTF-8 when absent. */
  readonly encoding?: string;
}

/** Which state of a Delta table is taken. */
interface DeltaOptions {
  /** The newest when absent. */
  readonly version?: number;
}

export interface SourceOptions<Name extends string> {
  readonly name: Name;
  readonly path: string;
  /** By the file's suffix when absent. */
  readonly format?: SourceFormat;
  /** Every column that is taken, with its Iceberg type. What the file has beyond them is left. */
  readonly columns: Readonly<Record<string, string>> | readonly Column[];
  /**
   * `fail`, unless said: one bad row, and the table stays as it was. `quarantine`: the good rows are loaded, and each bad
   * one is told in the table `NAME_quarantine` with its file, row, column and reason.
   */
  readonly badRows?: BadRows;
  readonly csv?: CsvOptions;
  readonly delta?: DeltaOptions;
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
  const { name, path, format = null, columns, badRows = "fail", csv = {}, delta, description = "" } = options;
  const declared = {
    kind: "source",
    name,
    path,
    format,
    columns: columnList(columns),
    badRows,
    csv,
    description,
  } as const;
  return delta === undefined ? declared : { ...declared, delta };
}

function columnList(columns: SourceOptions<string>["columns"]): readonly Column[] {
  if (isList(columns)) return columns;
  return Object.entries(columns).map(([name, type]) => ({ name, type }));
}

function isList(columns: SourceOptions<string>["columns"]): columns is readonly Column[] {
  return Array.isArray(columns);
}
