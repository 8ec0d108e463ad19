import type { Column } from "@millwright/kernel";
import type { AnswerColumn } from "@millwright/serving";

/** What the generated file says: the columns of tables and views, and what the services take and answer. */
export interface TypedSurface {
  readonly tables: Readonly<Record<string, readonly Column[]>>;
  readonly featureViews: Readonly<Record<string, readonly Column[]>>;
  readonly models: Readonly<Record<string, { readonly features: readonly Column[] }>>;
  readonly services: Readonly<Record<string, TypedService>>;
}

export interface TypedService {
  readonly request: readonly Column[];
  readonly response: readonly AnswerColumn[];
  /** Codes with which the service may refuse a request. */
  readonly errors: readonly string[];
}

interface TypedColumn extends Column {
  readonly oneOf?: AnswerColumn["oneOf"];
}

const HEADER = "// Made by `mill types` from the project as it is. Not to be edited; not to be committed.";

/** The project's `types.d.ts`: augments the registries of `millwright`. Equal surfaces give equal text. */
export function renderTypes(surface: TypedSurface): string {
  const blocks = [
    registry("Tables", surface.tables, (columns) => record(columns)),
    registry("FeatureViews", surface.featureViews, (columns) => record(columns)),
    registry("Models", surface.models, ({ features }) => `{ features: ${record(features)} }`),
    registry("Services", surface.services, renderService),
  ];
  return `${HEADER}\nimport "millwright";\n\ndeclare module "millwright" {\n${blocks.join("\n")}}\n`;
}

function registry<Entry>(
  name: string,
  entries: Readonly<Record<string, Entry>>,
  render: (entry: Entry) => string,
): string {
  const lines = Object.entries(entries)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => `    ${JSON.stringify(key)}: ${render(entry)};`);
  return `  interface ${name} {\n${lines.map((line) => `${line}\n`).join("")}  }\n`;
}

function renderService({ request, response, errors }: TypedService): string {
  return `{ request: ${requestRecord(request)}; response: ${record(response)}; errors: ${textUnion(errors)} }`;
}

export function textUnion(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(" | ");
}

/** A request's fields: those that may be missing may be left out. */
export function requestRecord(columns: readonly Column[], indent = "    "): string {
  return fieldsOf(columns, { indent, mayLeaveOut: true });
}

export function record(columns: readonly TypedColumn[], indent = "    "): string {
  return fieldsOf(columns, { indent, mayLeaveOut: false });
}

function fieldsOf(
  columns: readonly TypedColumn[],
  { indent, mayLeaveOut }: { readonly indent: string; readonly mayLeaveOut: boolean },
): string {
  if (columns.length === 0) return "{}";
  const lines = columns.map((column) => {
    const mark = mayLeaveOut && column.nullable !== false ? "?" : "";
    return `${indent}  ${documentation(column, indent)}${JSON.stringify(column.name)}${mark}: ${typeOf(column)};`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function documentation({ doc }: Column, indent: string): string {
  if (doc === undefined || doc === "") return "";
  return `/** ${doc.replaceAll("*/", "* /").replaceAll(/\s+/g, " ")} */\n${indent}  `;
}

function typeOf({ type, nullable, oneOf }: TypedColumn): string {
  const base = oneOf === undefined ? scalarType(type) : unionType(type, oneOf);
  return nullable === false ? base : `${base} | null`;
}

/** Values that are known each, or numbers by keys that are. */
function unionType(type: string, oneOf: NonNullable<TypedColumn["oneOf"]>): string {
  const union = (values: NonNullable<TypedColumn["oneOf"]>) => values.map((value) => JSON.stringify(value)).join(" | ");
  return type.startsWith("map<") ? `Readonly<Record<${union(oneOf.map(String))}, number>>` : union(oneOf);
}

/** The TypeScript type in which a column crosses JSON. Timestamps and decimals are text. */
function scalarType(type: string): string {
  if (/^(int|long|float|double)$/.test(type)) return "number";
  if (type === "boolean") return "boolean";
  if (/^(decimal\(|date$|time|string$|uuid$|binary$|fixed)/.test(type)) return "string";
  if (type.startsWith("list<")) return "readonly unknown[]";
  if (/^map<.*, (?:double|float|int|long)>$/.test(type)) return "Readonly<Record<string, number>>";
  if (type.startsWith("map<") || type.startsWith("struct<")) return "Readonly<Record<string, unknown>>";
  return "unknown";
}

export function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[A-Za-z]/.test(joined) ? joined : `Service${joined}`;
}
