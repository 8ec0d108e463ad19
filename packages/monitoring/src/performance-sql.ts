import { duckdbType, quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { Outcomes } from "./define-monitor.ts";
import { servedWhere, type ServedAnswers } from "./served-rows.ts";

/** What is answered: whether, how much, or which. */
export type Task = "binary" | "squared" | "softmax";

interface Learned {
  readonly task: Task;
  /** The label's column in the scored rows, and its type. */
  readonly label: { readonly name: string; readonly type: string };
  /** A relation with a condition, for FROM: the rows that were learned from. */
  readonly baseline: string;
}

export interface Answered extends Learned {
  readonly scored: { readonly from: string; readonly day: string } | undefined;
  /** What came true of the answers that were served, where that is said. */
  readonly outcomes: { readonly served: ServedAnswers; readonly found: Outcomes } | undefined;
}

/** What rows were learned from, and what is answered of them. */
export interface LearnedFrom {
  readonly baseline: { readonly table: string; readonly where: string };
  readonly label: string;
  readonly task: Task;
}

/** What is needed to hold answers against labels. */
export async function learnedFrom(lakehouse: Lakehouse, { baseline, label, task }: LearnedFrom): Promise<Learned> {
  const columns = (await lakehouse.table(baseline.table))?.columns ?? [];
  const type = columns.find(({ name }) => name === label)?.type ?? "string";
  const from = `${lakehouse.relation(baseline.table)} WHERE ${baseline.where}`;
  return { task, label: { name: label, type }, baseline: from };
}

/** A probability is taken for no nearer to 0 or 1. */
export const NEAR = 1e-7;

/**
 * How right the answers were, by day: of scored rows by their label, of served ones by the outcome that has arrived since;
 * `waiting` are those that have none yet. AUC is the rank statistic of Mann and Whitney, ties counting half; the
 * calibration error is the mean distance of ten bins' means. Sums are rounded to nine digits.
 */
export async function performanceSql(lakehouse: Lakehouse, answered: Answered): Promise<string> {
  const { outcomes } = answered;
  const served =
    outcomes === undefined
      ? undefined
      : await answersWithOutcomes(lakehouse, answered, {
          found: outcomes.found,
          from: `${lakehouse.relation(outcomes.served.table)} WHERE ${servedWhere(lakehouse, outcomes.served)}`,
          source: "'served'",
          day: "date_trunc('day', predicted_at)::date",
        });
  return measuredSql(
    [scoredAnswers(answered), served].filter((sql) => sql !== undefined),
    answered.task,
  );
}

/** The measures of answers by their source and day, of SELECTs of `source`, `day`, `y`, `p`, `told` and `truth`. */
export function measuredSql(all: readonly string[], task: Task): string {
  const none =
    "SELECT NULL::varchar AS source, NULL::date AS day, NULL::double AS y, NULL::double AS p, NULL::varchar AS told, NULL::varchar AS truth WHERE false";
  return `WITH answered AS (${all.length === 0 ? none : all.join(" UNION ALL ")}),
    known AS (SELECT * FROM answered WHERE truth IS NOT NULL),
    days AS (SELECT source, day, count(truth)::bigint AS rows, (count(*) - count(truth))::bigint AS waiting, round(avg(p), 9) AS mean_answer FROM answered GROUP BY ALL),
    ${measures(task)}
    SELECT days.source, days.day, days.rows, days.waiting, measured.mean_label, days.mean_answer, measured.auc, measured.log_loss, calibration.calibration_error, measured.accuracy, measured.rmse, measured.mae
    FROM days LEFT JOIN measured ON measured.source = days.source AND measured.day IS NOT DISTINCT FROM days.day
    LEFT JOIN calibration ON calibration.source = days.source AND calibration.day IS NOT DISTINCT FROM days.day
    ORDER BY days.source, days.day`;
}

function measures(task: Task): string {
  const nothing = "NULL::double";
  const near = `greatest(least(p, ${1 - NEAR}), ${NEAR})`;
  const ranks = "sum(r) FILTER (y = 1)";
  const [ones, zeros] = ["count_if(y = 1)", "count_if(y = 0)"];
  const isBinary = task === "binary";
  const binary = (sql: string) => (isBinary ? `round(${sql}, 9)` : nothing);
  const number = (sql: string) => (task === "squared" ? `round(${sql}, 9)` : nothing);
  return `ranked AS (SELECT *, ${isBinary ? "rank() OVER (PARTITION BY source, day ORDER BY p) + (count(*) OVER (PARTITION BY source, day, p) - 1) / 2" : "0"} AS r FROM known),
    measured AS (SELECT source, day, round(avg(y), 9) AS mean_label,
      ${binary(`(${ranks} - ${ones} * (${ones} + 1) / 2) / nullif(${ones} * ${zeros}, 0)`)} AS auc,
      ${binary(`avg(-(y * ln(${near}) + (1 - y) * ln(1 - ${near})))`)} AS log_loss,
      ${task === "softmax" ? "round(avg((told = truth)::int), 9)" : nothing} AS accuracy,
      ${number("sqrt(avg((y - p) * (y - p)))")} AS rmse, ${number("avg(abs(y - p))")} AS mae
      FROM ranked GROUP BY ALL),
    calibration AS (SELECT source, day, ${isBinary ? "round(sum(abs(off)) / sum(n), 9)" : nothing} AS calibration_error
      FROM (SELECT source, day, least(floor(p * 10), 9) AS bin, sum(p) - sum(y) AS off, count(*) AS n FROM known GROUP BY ALL) GROUP BY ALL)`;
}

function answerColumns(
  { task, label, baseline }: Learned,
  { value, answer }: { readonly value: string; readonly answer: string },
): string {
  const isNamed = ["string", "boolean"].includes(label.type);
  // Of two names the later in order is the yes.
  const yes = `(${value}::varchar = (SELECT max(${quoteName(label.name)}::varchar) FROM ${baseline}))::int::double`;
  const y = task === "softmax" ? "NULL::double" : isNamed ? yes : `${value}::double`;
  const p = task === "softmax" ? "NULL::double" : `try_cast(${answer} AS DOUBLE)`;
  return `${y} AS y, ${p} AS p, ${answer}::varchar AS told, ${value}::varchar AS truth`;
}

function answerOf(task: Task): string {
  return task === "binary" ? "probability" : "prediction";
}

function scoredAnswers(answered: Answered): string | undefined {
  const { scored, label, task } = answered;
  if (scored === undefined) return undefined;
  const columns = answerColumns(answered, { value: quoteName(label.name), answer: answerOf(task) });
  return `SELECT 'scored' AS source, ${scored.day} AS day, ${columns} FROM ${scored.from}`;
}

/** Which answers are taken, and what they are grouped by. */
interface AnswersTaken {
  readonly found: Outcomes;
  /** A relation of the prediction log with a condition, for FROM. */
  readonly from: string;
  /** Expressions over the log's columns. */
  readonly source: string;
  readonly day: string;
}

/** Each answer with the outcome of the row that has the request's values; of several equal ones the greatest label. */
export async function answersWithOutcomes(
  lakehouse: Lakehouse,
  answered: Learned,
  { found, from, source, day }: AnswersTaken,
): Promise<string> {
  const known = new Map(((await lakehouse.table(found.table.name))?.columns ?? []).map((one) => [one.name, one]));
  const equal = Object.entries(found.on).map(([field, column]) => {
    const value = `json_extract_string(request, ${quoteText(`$."${field.replaceAll('"', '\\"')}"`)})`;
    return `o.${quoteName(column)} = try_cast(${value} AS ${duckdbType(known.get(column) ?? { name: column, type: "string" })})`;
  });
  const answer = answerOf(answered.task);
  const columns = answerColumns(answered, { value: "truth_", answer });
  const log = `SELECT id, ${source} AS source_, ${day} AS day_, request, ${answer} FROM ${from}`;
  const joined = `SELECT p.id, any_value(p.source_) AS source_, any_value(p.day_) AS day_, any_value(p.${answer}) AS ${answer}, max(o.${quoteName(found.label)}) AS truth_ FROM (${log}) AS p LEFT JOIN ${lakehouse.relation(found.table.name)} AS o ON ${equal.join(" AND ")} GROUP BY p.id`;
  return `SELECT source_ AS source, day_ AS day, ${columns} FROM (${joined})`;
}
