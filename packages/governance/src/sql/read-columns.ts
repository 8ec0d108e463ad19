import { textOf, type SqlEngine } from "@millwright/lakehouse";
import { selectColumns, type SelectColumns } from "./select-columns.ts";
import { Unreadable } from "./unreadable.ts";

export type ReadColumns = SelectColumns | { readonly because: string };

/** Asks the engine for a statement's tree and follows its columns; says why where it cannot. */
export async function readColumns(
  engine: Pick<SqlEngine, "query">,
  sql: string,
  world: { readonly columnsOf: (table: string) => readonly string[] | undefined },
): Promise<ReadColumns> {
  const { rows } = await engine.query("SELECT json_serialize_sql(?::varchar)::varchar", { parameters: [sql] });
  try {
    return selectColumns(JSON.parse(textOf(rows[0]?.[0])), world);
  } catch (error) {
    if (error instanceof Unreadable) return { because: error.message };
    // A query may be nested deeper than a stack goes.
    if (error instanceof RangeError) return { because: "it is nested too deeply" };
    throw error;
  }
}
