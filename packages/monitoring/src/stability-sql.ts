import { quoteName, quoteText } from "@millwright/lakehouse";
import { countsSql, type Bins } from "./bins.ts";

const SHARE_MIN = 0.0001;

/** Rows that are watched: a relation for FROM with the features' columns, and the day of each. */
export interface Watched {
  readonly source: "scored" | "served";
  readonly from: string;
  /** An expression; null where the rows have no time. */
  readonly day: string;
}

/**
 * Every feature's rows in each bin, counted in one pass over the baseline and one over each of the watched rows; then the
 * sums. The baseline is told too, as the rows of `training`, which have no day. `skew` selects the rates of skew.
 */
export function stabilitySql(
  bins: Bins,
  {
    baseline,
    watched,
    skew,
  }: { readonly baseline: string; readonly watched: readonly Watched[]; readonly skew: string },
): string {
  const names = [...bins.keys()].map(quoteName).join(", ");
  const counts = [...bins].map(([feature, one]) => `${countsSql(feature, one)} AS ${quoteName(feature)}`).join(", ");
  const numbers = [...bins].flatMap(([feature, { kind }]) => (kind === "number" ? [quoteText(feature)] : []));
  const isNumber = numbers.length === 0 ? "false" : `feature IN (${numbers.join(", ")})`;
  const byDay = watched.map(
    ({ source, from, day }) =>
      `SELECT ${quoteText(source)} AS source, feature, "day at" AS day, counts FROM (SELECT ${day} AS "day at", ${counts} FROM ${from} GROUP BY 1) UNPIVOT (counts FOR feature IN (${names}))`,
  );
  return `WITH trained AS (SELECT feature, counts FROM (SELECT ${counts} FROM ${baseline}) UNPIVOT (counts FOR feature IN (${names}))),
    expected AS (SELECT feature, ${shares("counts[2:]")} AS e FROM trained),
    seen AS (${["SELECT 'training' AS source, feature, NULL::date AS day, counts FROM trained", ...byDay].join(" UNION ALL ")}),
    skewed AS (${skew}),
    summed AS (SELECT *, list_sum(counts[2:])::bigint AS rows, ${shares("counts[2:]")} AS a FROM seen)
    SELECT feature, source, day, rows, (counts[2] / rows)::double AS missing_rate,
      round(list_sum(list_transform(list_zip(a, e), lambda pair: (pair[1] - pair[2]) * ln(pair[1] / pair[2]))), 9)::double AS psi,
      CASE WHEN ${isNumber} THEN counts[1] / rows END::double AS out_of_range_rate,
      CASE WHEN NOT ${isNumber} THEN counts[1] / rows END::double AS new_category_rate, skewed.skew_rate
    FROM summed JOIN expected USING (feature) LEFT JOIN skewed USING (feature, source, day) WHERE rows > 0 ORDER BY feature, source, day`;
}

function shares(of: string): string {
  return `list_transform(${of}, lambda n: greatest(n / list_sum(${of}), ${SHARE_MIN}))`;
}
