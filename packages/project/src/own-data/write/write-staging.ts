import { quoteName, quoteText } from "@millwright/lakehouse";
import type { CleanColumn } from "../measure.ts";
import type { OwnDataPlan } from "../plan.ts";
import { readingSql } from "../reading.ts";
import { commentLines, sentence } from "./text.ts";
import { sourceType } from "./write-source.ts";

/** `models/staging/TABLE.sql`: each column read as what it holds, under a plain name. */
export function stagingModel(plan: OwnDataPlan): string {
  const { table, label, time } = plan;
  const kept = [
    `${plainSql(label.value.column)} is not null`,
    ...(time === undefined ? [] : [`${plainSql(time.value)} is not null`]),
    ...rareSql(plan),
  ];
  const lines = plan.columns.map((column) => `  ${columnSql(column, plan)} as ${nameOf(column, plan)}`);
  return `${commentLines(`One row of ${plan.file.name} each, read as what it is: missing values are null, names are plain. Rows without ${label.value.column.source}${time === undefined ? "" : ` or ${time.value.source}`} are left out: they have nothing to learn from.`, "--")}
select
${lines.join(",\n")}
from {{ source('raw', '${table}_raw') }}
where ${kept.join("\n  and ")}
`;
}

/** The condition that leaves out classes of hardly a row. */
function rareSql({ label }: OwnDataPlan): readonly string[] {
  const { rare, column } = label.value;
  if (rare.length === 0) return [];
  const isText = column.reading.reading.kind === "text";
  return [`${plainSql(column)} not in (${rare.map((value) => (isText ? quoteText(value) : value)).join(", ")})`];
}

/** A column's name in the cleaned table. */
export function nameOf(column: CleanColumn, { label }: OwnDataPlan): string {
  return column === label.value.column ? label.value.name : column.name;
}

function columnSql(column: CleanColumn, { label, entity }: OwnDataPlan): string {
  const sql = plainSql(column);
  const { kind } = column.reading.reading;
  if (column === label.value.column) {
    const { positive } = label.value;
    if (positive === undefined) return sql;
    return `(${sql} = ${kind === "text" ? quoteText(positive) : positive})::int`;
  }
  if (kind === "truth") return sql.replace(/::int$/, "");
  return column === entity?.value && kind !== "text" ? `${sql}::varchar` : sql;
}

/** The value as it is read; a column whose type the source already holds is taken as it is. */
function plainSql(column: CleanColumn): string {
  const { source, sourceType: type, reading } = column;
  const declared = sourceType(column);
  if (!reading.isTyped && (declared === "long" || declared === "double")) return quoteName(source);
  // What the source declares as text comes as text, whatever the file held.
  return readingSql({ name: source, type: reading.isTyped ? type : "VARCHAR" }, reading);
}

/** `models/staging/schema.yml`: what each column is, and what must hold. */
export function schemaFile(plan: OwnDataPlan): string {
  const columns = plan.columns.flatMap((column) => {
    const tests = testsOf(column, plan);
    const described = `      - name: ${nameOf(column, plan)}\n        description: ${yamlText(descriptionOf(column, plan))}\n`;
    return [`${described}${tests.length === 0 ? "" : `        data_tests: [${tests.join(", ")}]\n`}`];
  });
  return `version: 2

sources:
  - name: raw
    tables:
      - name: ${plan.table}_raw

models:
  - name: ${plan.table}
    description: ${yamlText(`The rows of ${plan.file.name}, read as what they are`)}
    columns:
${columns.join("")}`;
}

function testsOf(column: CleanColumn, { label, time, rowKey }: OwnDataPlan): readonly string[] {
  if (column === label.value.column || column === time?.value) return ["not_null"];
  return column === rowKey?.value ? ["not_null", "unique"] : [];
}

function descriptionOf(column: CleanColumn, plan: OwnDataPlan): string {
  const { label, time, rowKey, entity, verdicts } = plan;
  const role = {
    [label.value.column.name]: `what is predicted: ${label.why}`,
    ...(time === undefined ? {} : { [time.value.name]: `when the row was: ${time.why}` }),
  }[column.name];
  const verdict = verdicts.find((one) => one.column === column);
  const key =
    column === rowKey?.value
      ? "names the row. "
      : column === entity?.value
        ? `what the row is about: ${entity.why}. `
        : "";
  const positive =
    column === label.value.column && label.value.positive !== undefined
      ? `; 1 where it is ${label.value.positive}`
      : "";
  const told = role ?? `${key}${verdict?.isFeature === false ? "left out of the features: " : ""}${verdict?.why ?? ""}`;
  return `${column.source}. ${sentence(`${told}${positive}`)}`;
}

function yamlText(text: string): string {
  return JSON.stringify(text.replaceAll(/\s+/g, " "));
}
