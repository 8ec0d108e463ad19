import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { Watched } from "./stability-sql.ts";

/** The answers of a model's services, as the prediction log keeps them. */
export interface ServedAnswers {
  readonly table: string;
  readonly model: string;
  /** Versions whose features are, in this order, those that are watched. */
  readonly versions: readonly number[];
  readonly features: readonly string[];
  /**
   * A SELECT of `id` and the features as the tables have them for the time of each request, given a relation of the
   * answers to ask for; absent where that cannot be told.
   */
  readonly recomputed?: string;
}

/** No more than the newest days of answers are looked at. */
const DAYS_MAX = 90;

/** A condition on the prediction log's rows. */
export function servedWhere(lakehouse: Lakehouse, { table, model, versions }: ServedAnswers): string {
  const newest = `(SELECT max(predicted_at) FROM ${lakehouse.relation(table)})`;
  const known = versions.length === 0 ? "false" : `model_version IN (${versions.join(", ")})`;
  return `model = ${quoteText(model)} AND ${known} AND predicted_at > ${newest} - INTERVAL ${DAYS_MAX} DAY`;
}

/** The features of what was answered, each as a column, with the answer's id and time. */
export function servedSql(
  lakehouse: Lakehouse,
  served: ServedAnswers,
  { text }: { readonly text: ReadonlySet<string> },
): string {
  const values = served.features.map((feature, index) => {
    const value = `told[${index + 1}]`;
    return `${text.has(feature) ? value : `try_cast(${value} AS FLOAT)`} AS ${quoteName(feature)}`;
  });
  const told = `SELECT id, predicted_at, features::json::varchar[] AS told FROM ${lakehouse.relation(served.table)} WHERE ${servedWhere(lakehouse, served)}`;
  return `SELECT id AS "served id", predicted_at AS "served at", ${values.join(", ")} FROM (${told})`;
}

/** What was answered, as rows that are watched. */
export function servedRows(
  lakehouse: Lakehouse,
  served: ServedAnswers,
  features: { readonly text: ReadonlySet<string> },
): Watched {
  const day = `date_trunc('day', "served at")::date`;
  return { source: "served", from: `(${servedSql(lakehouse, served, features)})`, day };
}
