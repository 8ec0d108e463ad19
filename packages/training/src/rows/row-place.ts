import { quoteName, type Lakehouse } from "@millwright/lakehouse";
import type { TrainingDefinition } from "../define-training.ts";
import { rowOrder } from "./row-order.ts";

/**
 * The training table's column that numbers its rows from 0 in their one order. Rows may be read as they come, by any
 * number of threads and without sorting them, and each still knows where it belongs.
 */
export const ROW_PLACE = "row_place";

/** A relation of a training's table whose rows have their places; a table from before it had them is numbered now. */
export async function placedRelation(
  lakehouse: Lakehouse,
  { definition, table }: { readonly definition: TrainingDefinition; readonly table: string },
): Promise<string> {
  const columns = ((await lakehouse.table(table))?.columns ?? []).map(({ name }) => name);
  const relation = lakehouse.relation(table);
  if (columns.includes(ROW_PLACE)) return relation;
  const order = rowOrder(definition, columns).map(quoteName).join(", ");
  return `(SELECT *, (row_number() OVER (ORDER BY ${order}) - 1)::int AS ${ROW_PLACE} FROM ${relation})`;
}
