import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { MonitorRequest } from "./monitor.ts";
import type { Kinds } from "./kinds.ts";
import type { Tenths } from "./tenths.ts";

const SHARE_MIN = 0.0001;

/**
 * Every feature's rows in each bin, counted in one pass over the baseline and one over the scored rows; then the sums. The
 * counts of a feature are a list: how many rows miss it, then those of its tenths from the lowest on.
 */
export function stabilitySql(
  lakehouse: Lakehouse,
  { timestamp, baseline, current }: Pick<MonitorRequest, "timestamp" | "baseline" | "current">,
  { tenths, kinds }: { readonly tenths: Tenths; readonly kinds: Kinds },
): string {
  const counted = [
    ...[...tenths].map(([feature, cuts]) => [feature, countsSql(feature, cuts)] as const),
    ...[...kinds].map(([feature, values]) => [feature, kindCountsSql(feature, values)] as const),
  ];
  const counts = counted.map(([feature, sql]) => `${sql} AS ${quoteName(feature)}`).join(", ");
  const names = counted.map(([feature]) => quoteName(feature)).join(", ");
  const day = timestamp === undefined ? "NULL::date" : `date_trunc('day', ${quoteName(timestamp)})::date`;
  const shares = (of: string) => `list_transform(${of}, lambda n: greatest(n / list_sum(${of}), ${SHARE_MIN}))`;
  return `WITH expected AS (
      SELECT feature, ${shares("counts")} AS e
      FROM (SELECT ${counts} FROM ${lakehouse.relation(baseline.table)} WHERE ${baseline.where}) UNPIVOT (counts FOR feature IN (${names}))
    ),
    seen AS (
      SELECT feature, "day at" AS day, counts, ${shares("counts")} AS a
      FROM (SELECT ${day} AS "day at", ${counts} FROM ${lakehouse.relation(current.table)} GROUP BY 1) UNPIVOT (counts FOR feature IN (${names}))
    )
    SELECT feature, day, list_sum(counts)::bigint AS rows, (counts[1] / list_sum(counts))::double AS missing_rate,
      round(list_sum(list_transform(list_zip(a, e), lambda pair: (pair[1] - pair[2]) * ln(pair[1] / pair[2]))), 9)::double AS psi
    FROM seen JOIN expected USING (feature) ORDER BY feature, day`;
}

/** How many rows miss it, have each of the values, and have another. */
function kindCountsSql(feature: string, values: readonly string[]): string {
  const value = quoteName(feature);
  const each = values.map((text) => `count_if(${value} = ${quoteText(text)})`);
  return `[${[`count(*) - count(${value})`, ...each, [`count(${value})`, ...each].join(" - ")].join(", ")}]`;
}

/** A value is in the tenth of as many cuts as are below it, so that each cut's rows above tell its neighbours' counts. */
function countsSql(feature: string, cuts: readonly string[]): string {
  const value = quoteName(feature);
  const above = [`count(${value})`, ...cuts.map((cut) => `count_if(${value} > ${quoteText(cut)}::float)`)];
  const tenths = above.map((from, index) => [from, ...above.slice(index + 1, index + 2)].join(" - "));
  return `[${[`count(*) - count(${value})`, ...tenths].join(", ")}]`;
}
