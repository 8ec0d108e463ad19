import { quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { MetricMeasure, Outcomes } from "./define-monitor.ts";
import { answersWithOutcomes, learnedFrom, measuredSql, type LearnedFrom, type Task } from "./performance-sql.ts";
import { standardErrorSql } from "./standard-errors.ts";

/** A version as it answered under a name in a split of traffic. */
interface AnsweredAs {
  readonly variant: string;
  readonly version: number;
}

export interface LabelledRequest<Name extends string> extends LearnedFrom {
  /** The prediction log. */
  readonly table: string;
  readonly service: string;
  readonly outcomes: Outcomes;
  readonly metric: MetricMeasure;
  /** Answers before it are left out. */
  readonly sinceMs: number;
  readonly variants: Readonly<Record<Name, AnsweredAs>>;
}

/** How right a variant's answers were: by how many labels, and null where they do not tell, such as an AUC of one class. */
interface Labelled {
  readonly labels: number;
  readonly value: number | null;
  /** Of `value`; null where too few labels tell it. */
  readonly standardError: number | null;
}

/** How right the variants of a service have been since a time, by the labels that have arrived for their answers. */
export async function labelledVariants<Name extends string>(
  lakehouse: Lakehouse,
  { table, service, outcomes, metric, sinceMs, variants, ...learned }: LabelledRequest<Name>,
): Promise<Readonly<Record<Name, Labelled>>> {
  const asked = Object.entries<AnsweredAs>(variants);
  const [log, labels] = await Promise.all([lakehouse.table(table), lakehouse.table(outcomes.table.name)]);
  const isLogged = log?.columns.some(({ name }) => name === "variant") === true;
  if (!isLogged || labels === undefined) return byName(asked, []);
  const answered = await learnedFrom(lakehouse, learned);
  const selects = await Promise.all(
    asked.map(([name, { variant, version }]) =>
      answersWithOutcomes(lakehouse, answered, {
        found: outcomes,
        from: `${lakehouse.relation(table)} WHERE service = ${quoteText(service)} AND variant = ${quoteText(variant)} AND model_version = ${version} AND predicted_at >= make_timestamp(${Math.floor(sinceMs) * 1_000})`,
        source: quoteText(name),
        day: "NULL::date",
      }),
    ),
  );
  const errors = standardErrorSql(metric, selects.join(" UNION ALL "));
  const { rows } = await lakehouse.query(
    `SELECT told.source, told.rows, told.${metric}, errors.error FROM (${measuredSql(selects, learned.task)}) AS told LEFT JOIN (${errors}) AS errors ON errors.source = told.source`,
  );
  return byName(asked, rows);
}

function byName<Name extends string>(
  asked: readonly (readonly [string, AnsweredAs])[],
  rows: readonly (readonly unknown[])[],
): Readonly<Record<Name, Labelled>> {
  const found = asked.map(([name]) => {
    const [, labels, value, error] = rows.find(([source]) => source === name) ?? [];
    return [name, { labels: Number(labels ?? 0), value: numberOf(value), standardError: numberOf(error) }] as const;
  });
  return Object.fromEntries(found) as Record<Name, Labelled>;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

const METRICS: Readonly<Record<Task, readonly MetricMeasure[]>> = {
  binary: ["auc", "log_loss", "calibration_error"],
  softmax: ["accuracy"],
  squared: ["rmse", "mae"],
};

/** The metrics that labels tell of such answers. */
export function metricsOf(task: Task): readonly MetricMeasure[] {
  return METRICS[task];
}
