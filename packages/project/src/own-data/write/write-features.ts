import type { CleanColumn } from "../measure.ts";
import { camelCase, identifierOf } from "../names.ts";
import { featureColumns, type OwnDataPlan } from "../plan.ts";
import { historyFeatures } from "./write-history.ts";
import { listText } from "./text.ts";

/** `features/TABLE.ts`: what a row says of itself, and what was known of the thing that it is about. */
export function featuresFile(plan: OwnDataPlan): string {
  const { table, time } = plan;
  const columns = featureColumns(plan);
  const lines = columns.flatMap((column) => featureLines(column, time?.value));
  const calendar = time === undefined ? [] : calendarLines(time.value);
  const used = ["column", "constant", "minutesBetween", "isoDayOfWeek", "minuteOfDay"].filter((name) =>
    [...lines, ...calendar].some((line) => line.includes(`${name}(`)),
  );
  const history = plan.entity === undefined ? "" : historyView(plan);
  const imported = [
    ...used,
    "defineOnDemandFeatureView",
    ...(plan.entity === undefined ? [] : ["defineEntity", "defineFeatureView", "table"]),
  ].toSorted();
  const request = [...(time === undefined ? [] : [time.value]), ...columns].map(
    (column) => `${column.name}: "${requestType(column, time?.value)}"`,
  );
  const optional = columns.filter(({ present, rows }) => present < rows).map(({ name }) => JSON.stringify(name));
  return `import ${listText(imported, { open: "{", close: "}", indent: "" })} from "millwright";

/** What a caller tells of a row. Columns that were left out, and why, are in the README. */
export const ${camelCase(`${table}_facts`)} = defineOnDemandFeatureView({
  name: "${table}_facts",
  request: ${listText(request, { open: "{", close: "}", indent: "  " })},
${optional.length === 0 ? "" : `  // Rows of the file lack these: a caller may leave them out.\n  optional: ${listText(optional, { open: "[", close: "]", indent: "  " })},\n`}  features: {
${[...lines, ...calendar].map((line) => `    ${line},\n`).join("")}  },
});
${history}`;
}

function featureLines({ name, reading }: CleanColumn, time: CleanColumn | undefined): readonly string[] {
  if (reading.reading.kind !== "time") return [`${name}: column("${name}")`];
  if (time === undefined) return [`${name}_minutes: minutesBetween(constant(0), column("${name}"))`];
  return [`minutes_since_${name}: minutesBetween(column("${name}"), column("${time.name}"))`];
}

function calendarLines({ name, reading }: CleanColumn): readonly string[] {
  const day = `${name}_day_of_week: isoDayOfWeek(column("${name}"))`;
  const hasTime = reading.reading.kind === "time" && reading.reading.hasTime;
  return hasTime ? [day, `${name}_minute: minuteOfDay(column("${name}"))`] : [day];
}

function requestType(column: CleanColumn, time: CleanColumn | undefined): string {
  if (column === time) return "timestamp";
  return { number: "double", whole: "long", truth: "boolean", time: "timestamp", text: "string", nested: "string" }[
    column.reading.reading.kind
  ];
}

function historyView(plan: OwnDataPlan): string {
  const { entity, table } = plan;
  const key = entity?.value.name ?? "";
  const features = historyFeatures(plan).map(({ name }) => JSON.stringify(name));
  return `
export const ${identifierOf(key)} = defineEntity({ name: "${key}", key: "${key}" });

/** What was known of each ${key} at the end of the day before: see models/marts/${table}_by_${key}.sql. */
export const ${camelCase(`${key}_history`)} = defineFeatureView({
  name: "${key}_history",
  entities: [${identifierOf(key)}],
  from: table("${table}_by_${key}"),
  timestamp: "known_at",
  features: ${listText(features, { open: "[", close: "]", indent: "  " })},
});
`;
}
