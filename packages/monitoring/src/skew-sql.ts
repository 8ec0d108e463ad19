import { quoteName, quoteText } from "@millwright/lakehouse";
import type { Bins } from "./bins.ts";
import { servedSql, type ServedAnswers } from "./served-rows.ts";
import type { Lakehouse } from "@millwright/lakehouse";

/** Numbers that differ by no more than this share of themselves are equal: they are float32 on both sides. */
const NEAR = 1e-5;

/** Nobody asked how the features would be known from the tables. */
export const NO_SKEW =
  "SELECT NULL::varchar AS feature, NULL::varchar AS source, NULL::date AS day, NULL::double AS skew_rate WHERE false";

/**
 * Of each feature and day the share of answers that were given with another value than the tables, as they are now, have
 * for the time of the request. `recomputed` selects `id` and the features.
 */
export function skewSql(
  lakehouse: Lakehouse,
  { served, recomputed, bins }: { readonly served: ServedAnswers; readonly recomputed: string; readonly bins: Bins },
): string {
  const features = [...bins].map(([name, { kind }]) => {
    const [online, offline] = [`online_.${quoteName(name)}`, `offline_.${quoteName(name)}`];
    const differs =
      kind === "text"
        ? `${online} IS DISTINCT FROM ${offline}::varchar`
        : `(${online} IS NULL) <> (${offline} IS NULL) OR abs(${online} - ${offline}) > ${NEAR} * greatest(1, abs(${online}))`;
    return `avg(coalesce(${differs}, false)::int)::double AS ${quoteName(name)}`;
  });
  const text = new Set([...bins].flatMap(([name, { kind }]) => (kind === "text" ? [name] : [])));
  const names = [...bins.keys()].map(quoteName).join(", ");
  const byDay = `SELECT date_trunc('day', online_."served at")::date AS "day at", ${features.join(", ")} FROM (${servedSql(lakehouse, served, { text })}) AS online_ JOIN (${recomputed}) AS offline_ ON offline_.id = online_."served id" GROUP BY 1`;
  return `SELECT feature, ${quoteText("served")} AS source, "day at" AS day, round(skew_rate, 9) AS skew_rate FROM (${byDay}) UNPIVOT (skew_rate FOR feature IN (${names}))`;
}
