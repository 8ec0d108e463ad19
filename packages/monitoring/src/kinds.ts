import { quoteName, textOf, type Lakehouse } from "@millwright/lakehouse";
import type { Asked } from "./tenths.ts";

/** By text feature its most frequent values; all others are one bin together. */
export type Kinds = ReadonlyMap<string, readonly string[]>;

const KINDS_MAX = 20;

/** The most frequent values of each text feature, of equally frequent ones the first by name. */
export async function kindsOf(lakehouse: Lakehouse, { table, where, features }: Asked): Promise<Kinds> {
  const kinds = new Map<string, readonly string[]>();
  for (const feature of features) {
    const column = quoteName(feature);
    const { rows } = await lakehouse.query(
      `SELECT ${column} FROM ${lakehouse.relation(table)} WHERE ${where} AND ${column} IS NOT NULL ` +
        `GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${KINDS_MAX}`,
    );
    kinds.set(
      feature,
      rows.map(([value]) => textOf(value)),
    );
  }
  return kinds;
}
