import { allColumns, readColumns, type ColumnLineage } from "@millwright/governance";
import type { Lakehouse } from "@millwright/lakehouse";

interface BuiltModel {
  readonly name: string;
  readonly sql: string;
  /** The tables that it is known to read. */
  readonly tables: readonly string[];
}

/**
 * What a model's columns come from, by its compiled SQL. Where that cannot be followed, or what was followed are not the
 * columns that the table has, every column is said to come from all columns of all that the model reads.
 */
export async function modelColumns(
  lakehouse: Pick<Lakehouse, "engine" | "tables">,
  { name, sql, tables }: BuiltModel,
): Promise<ColumnLineage> {
  const known = new Map(
    (await lakehouse.tables()).map((table) => [table.name, table.columns.map((column) => column.name)]),
  );
  const made = known.get(name) ?? [];
  const read = await readColumns(lakehouse.engine, sql, { columnsOf: (table) => known.get(table) });
  const because = "because" in read ? read.because : difference(read.columns, made);
  if (!("because" in read) && because === undefined)
    return { columns: read.columns.map(({ from }, place) => ({ name: made[place] ?? "", from })), rows: read.rows };
  const inputs = new Map(tables.map((table) => [`table:${table}`, known.get(table) ?? []]));
  return allColumns(made, { inputs, because: because ?? "" });
}

/** Columns are known by their place; a name that was followed must be the one at its place. */
function difference(found: readonly { readonly name: string }[], made: readonly string[]): string | undefined {
  const same =
    found.length === made.length &&
    found.every(({ name }, place) => name === "" || name.toLowerCase() === made[place]?.toLowerCase());
  return same ? undefined : "the columns that were followed are not those that the table has";
}
