import { quoteName, type Lakehouse } from "@millwright/lakehouse";
import type { FeatureSelection } from "./definitions.ts";
import { planFeatures } from "./domain/plan.ts";

/** Larger tables are not counted: a look at them would take longer than it saves. */
const ROWS_MAX = 100_000;
const ROWS_A_KEY_MAX = 8;

/** The tables of the views that are selected which have only a few rows for each key, as `historicalSelect` asks. */
export async function fewRowsAKey(
  lakehouse: Lakehouse,
  selections: readonly FeatureSelection[],
): Promise<ReadonlySet<string>> {
  const few = new Set<string>();
  const many = new Set<string>();
  for (const { view } of planFeatures(selections).joins) {
    const { name } = view.from;
    const rows = (await lakehouse.table(name))?.rowCount ?? Number.POSITIVE_INFINITY;
    if (rows > ROWS_MAX) continue;
    const keys = view.key.map(quoteName).join(", ");
    const counts = `SELECT count(*) AS rows_ FROM ${lakehouse.relation(name)} GROUP BY ${keys}`;
    const { rows: found } = await lakehouse.query(`SELECT coalesce(max(rows_), 0) FROM (${counts})`);
    (Number(found[0]?.[0]) <= ROWS_A_KEY_MAX ? few : many).add(name);
  }
  // One table may be asked for under several keys: it counts only if it has few rows for each of them.
  return few.difference(many);
}
