import { quoteText } from "@millwright/lakehouse";
import type { OwnDataPlan } from "../plan.ts";
import { cleanNames } from "../names.ts";
import { commentLines } from "./text.ts";

interface HistoryFeature {
  readonly name: string;
  /** What is summed of a row; a mean over the rows of the window. */
  readonly amount: string;
  readonly isCount: boolean;
}

const WINDOWS_DAYS = [1, 7, 28, 91, 364];
const CLASSES_MAX = 3;

/** The days of the window: about twenty of a key's rows, by how often they come. */
function windowDays({ entity, profile, split }: OwnDataPlan): number {
  const spanDays = split.value.by === "time" ? split.value.spanDays : 365;
  const rowsEach = entity === undefined ? 1 : profile.rows / entity.value.distinct;
  const wanted = (spanDays / Math.max(1, rowsEach)) * 20;
  return WINDOWS_DAYS.find((days) => days >= wanted) ?? 364;
}

export function historyFeatures(plan: OwnDataPlan): readonly HistoryFeature[] {
  const { label, task } = plan;
  const days = windowDays(plan);
  const { name } = label.value;
  const mean = (what: string, amount: string) => ({ name: `${what}_${days}d`, amount, isCount: false });
  const names = cleanNames(label.value.values.map(({ value }) => value));
  const told =
    task.value === "classes"
      ? label.value.values
          .slice(0, CLASSES_MAX)
          .map(({ value }) =>
            mean(`share_${names.get(value)}`, `(${name} = ${isText(plan) ? quoteText(value) : value})::int`),
          )
      : [mean(`mean_${name}`, name)];
  return [...told, { name: `rows_${days}d`, amount: "1", isCount: true }];
}

function isText({ label }: OwnDataPlan): boolean {
  return label.value.column.reading.reading.kind === "text";
}

/** `models/marts/TABLE_by_KEY.sql`: by key and day, what the rows until then came to. */
export function historyModel(plan: OwnDataPlan): string {
  const { table, label, time, entity } = plan;
  const [key, at] = [entity?.value.name ?? "", time?.value.name ?? ""];
  const features = historyFeatures(plan);
  const days = windowDays(plan);
  const sums = features.map(({ amount }, place) => `sum(${amount}) as sum_${place + 1}`);
  const count = features.findIndex(({ isCount }) => isCount) + 1;
  const told = features.map(({ name, isCount }, place) =>
    isCount
      ? `(sum(sum_${count}) over ${WINDOW})::double as ${name}`
      : `sum(sum_${place + 1}) over ${WINDOW} / sum(sum_${count}) over ${WINDOW} as ${name}`,
  );
  return `${commentLines(`What the last ${days} days told of each ${key}, by day. It counts from the next day on, so that no row sees its own ${label.value.name}, nor one of its day. If ${label.value.name} is known later than that, say so in known_at.`, "--")}
with by_day as (
  select
    ${key},
    date_trunc('day', ${at}) as day,
    ${sums.join(",\n    ")}
  from {{ ref('${table}') }}
  where ${key} is not null
  group by all
)
select
  ${key},
  day + interval 1 day as known_at,
  ${told.join(",\n  ")}
from by_day
window ${WINDOW} as (partition by ${key} order by day range between interval ${days - 1} days preceding and current row)
`;
}

const WINDOW = "days_until_then";
