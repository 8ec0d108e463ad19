import type { MetricMeasure } from "./define-monitor.ts";
import { NEAR } from "./performance-sql.ts";

/**
 * The standard error of a metric by source, as columns `source` and `error`, of a relation of answers with their outcomes
 * (`source`, `y`, `p`, `told`, `truth`). How it is estimated:
 * - AUC: DeLong, DeLong and Clarke-Pearson (1988), by the ranks of Sun and Xu (2014).
 * - log loss and mean absolute error, which are means: the standard deviation of the rows' losses over the root of their count.
 * - accuracy, a proportion: with a success and a failure added, after Agresti and Caffo (2000).
 * - RMSE, and the calibration error in ten bins: the same of the rows' parts in it, to first order (delta method).
 */
export function standardErrorSql(metric: MetricMeasure, from: string): string {
  const known = `SELECT * FROM (${from}) WHERE truth IS NOT NULL`;
  if (metric === "auc") return aucErrorSql(known);
  return `SELECT source, ${errorOf(metric)} AS error FROM (${lossSql(metric, known)}) GROUP BY source`;
}

const OF_MEAN = "stddev_samp(loss) / sqrt(count(*))";

function errorOf(metric: Exclude<MetricMeasure, "auc">): string {
  if (metric === "accuracy") return `sqrt(any_value(rate) * (1 - any_value(rate)) / (count(*) + 2))`;
  // The derivative of a root.
  return metric === "rmse" ? `${OF_MEAN} / (2 * sqrt(avg(loss)))` : OF_MEAN;
}

function lossSql(metric: Exclude<MetricMeasure, "auc">, known: string): string {
  const near = `greatest(least(p, ${1 - NEAR}), ${NEAR})`;
  switch (metric) {
    case "log_loss":
      return `SELECT source, -(y * ln(${near}) + (1 - y) * ln(1 - ${near})) AS loss FROM (${known})`;
    case "mae":
      return `SELECT source, abs(y - p) AS loss FROM (${known})`;
    case "rmse":
      return `SELECT source, (y - p) * (y - p) AS loss FROM (${known})`;
    case "accuracy":
      return `SELECT source, (count_if(told = truth) OVER (PARTITION BY source) + 1) / (count(*) OVER (PARTITION BY source) + 2) AS rate FROM (${known})`;
    case "calibration_error":
      return `SELECT source, (p - y) * sign(sum(p - y) OVER (PARTITION BY source, least(floor(p * 10), 9))) AS loss FROM (${known})`;
  }
}

/** Each row's part in it: how many of the other class it is on the right side of, ties counting half. */
function aucErrorSql(known: string): string {
  const rankIn = (group: string) =>
    `rank() OVER (PARTITION BY ${group} ORDER BY p) + (count(*) OVER (PARTITION BY ${group}, p) - 1) / 2`;
  const ranked = `SELECT source, y, ${rankIn("source")} AS of_all, ${rankIn("source, y")} AS of_class,
      count_if(y = 1) OVER (PARTITION BY source) AS ones, count_if(y = 0) OVER (PARTITION BY source) AS zeros FROM (${known})`;
  const parts = `SELECT source, y, ones, zeros,
      if(y = 1, (of_all - of_class) / nullif(zeros, 0), 1 - (of_all - of_class) / nullif(ones, 0)) AS part FROM (${ranked})`;
  return `SELECT source, sqrt(var_samp(part) FILTER (y = 1) / any_value(ones) + var_samp(part) FILTER (y = 0) / any_value(zeros)) AS error
    FROM (${parts}) GROUP BY source`;
}
