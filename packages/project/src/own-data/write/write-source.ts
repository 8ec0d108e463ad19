import type { CleanColumn } from "../measure.ts";
import { camelCase } from "../names.ts";
import { dataPath, type OwnDataPlan } from "../plan.ts";
import { commentLines, objectKey } from "./text.ts";

/** `sources/TABLE.ts`: the file's columns as they are, and how the file is written. */
export function sourceFile(plan: OwnDataPlan): string {
  const { file, profile, table } = plan;
  const csv = Object.entries(file.csv).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const left =
    plan.nested.length === 0 ? "" : ` Left in the file, for they hold lists or structures: ${plan.nested.join(", ")}.`;
  const bad =
    profile.badLines === 0 ? "" : ` Lines of another width than the header, ${profile.badLines} of them, go there too.`;
  const told = commentLines(
    `${file.name} as it was given: ${profile.rows} rows. What is a text here and more than that is read in models/staging/${table}.sql. A row that breaks these types is put into the table ${table}_raw_quarantine, and the others are loaded.${left}${bad}`,
    " *",
  );
  return `import { defineSource } from "millwright";

/**
${told}
 */
export const ${camelCase(`${table}_raw`)} = defineSource({
  name: "${table}_raw",
  path: ${JSON.stringify(dataPath(plan))},
${file.isUnnamed ? `  format: "${file.format}",\n` : ""}${csv.length === 0 ? "" : `  csv: { ${csv.join(", ")} },\n`}  badRows: "quarantine",
  columns: {
${plan.columns.map((column) => `    ${objectKey(column.source)}: "${sourceType(column)}",\n`).join("")}  },
});
`;
}

/** The type that a file's column is declared with: a text's own only where every value is of it as it is written. */
export function sourceType({ sourceType, reading, unread }: CleanColumn): string {
  if (reading.isTyped)
    return TYPES[sourceType] ?? (sourceType.startsWith("DECIMAL") ? sourceType.toLowerCase() : "string");
  const { reading: kind, missing } = reading;
  const isPlain = (kind.kind === "number" || kind.kind === "whole") && kind.style === "plain" && !kind.isOrnamented;
  if (!isPlain || unread > 0 || missing.length > 0 || sourceType === "JSON") return "string";
  return kind.kind === "whole" ? "long" : "double";
}

const TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: "boolean",
  TINYINT: "int",
  SMALLINT: "int",
  INTEGER: "int",
  UTINYINT: "int",
  USMALLINT: "int",
  UINTEGER: "long",
  BIGINT: "long",
  UBIGINT: "long",
  HUGEINT: "long",
  FLOAT: "double",
  DOUBLE: "double",
  DATE: "date",
  TIMESTAMP: "timestamp",
  TIMESTAMP_S: "timestamp",
  TIMESTAMP_MS: "timestamp",
  TIMESTAMP_NS: "timestamp",
  "TIMESTAMP WITH TIME ZONE": "timestamptz",
};
