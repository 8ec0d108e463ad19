import type { Column } from "@millwright/kernel";
import { quoteName, quoteText, textOf, type Lakehouse } from "@millwright/lakehouse";
import type { TrainingDefinition } from "./define-training.ts";
import { trainingErrors } from "./errors.ts";
import type { Category, ClassLabel, TreeModel } from "./model/tree-model.ts";

/** How labels and categorical features become numbers: found on the rows to learn from, kept with the model. */
export type Encoding = Pick<TreeModel, "classes" | "categories">;

export interface EncodedRows {
  readonly definition: TrainingDefinition;
  readonly features: readonly string[];
  readonly table: string;
  readonly where: string;
}

const CLASSES_MAX = 255;

/** Reads the classes of the label and the values of each categorical feature, the most frequent where there are too many. */
export async function findEncoding(lakehouse: Lakehouse, rows: EncodedRows): Promise<Encoding> {
  const columns = (await lakehouse.table(rows.table))?.columns ?? [];
  const { categorical = [], trainer } = rows.definition;
  const unknown = categorical.find((name) => !rows.features.includes(name));
  if (unknown !== undefined) throw wrongCategory(`there is no feature ${unknown}`);
  const categories: Record<string, readonly Category[]> = {};
  for (const name of rows.features) {
    const type = typeIn(columns, name);
    if (type !== "string" && !categorical.includes(name)) continue;
    categories[name] = await valuesOf(lakehouse, rows, { column: name, type, most: trainer.bins - 1 });
  }
  return { classes: await classesOf(lakehouse, rows, typeIn(columns, rows.definition.label)), categories };
}

/** Rare values beyond the most are taken for missing, as are values that come later. */
async function valuesOf(
  lakehouse: Lakehouse,
  { table, where }: EncodedRows,
  { column, type, most }: { readonly column: string; readonly type: string; readonly most: number },
): Promise<readonly Category[]> {
  const value = categoryText(column, type === "string");
  const { rows } = await lakehouse.query(
    `SELECT ${value} AS value FROM ${lakehouse.relation(table)} WHERE ${where} AND ${quoteName(column)} IS NOT NULL ` +
      `GROUP BY 1 HAVING value IS NOT NULL ORDER BY count(*) DESC, value LIMIT ${most}`,
  );
  const values = rows.map(([value]) => textOf(value));
  return type === "string" ? values : values.map(Number);
}

async function classesOf(
  lakehouse: Lakehouse,
  { definition, table, where }: EncodedRows,
  type: string,
): Promise<readonly ClassLabel[]> {
  const { objective } = definition.trainer;
  const isNamed = type === "string" || type === "boolean";
  if (objective === "squared" && isNamed) throw wrongLabel(`${definition.label} is ${type}, where a number is learned`);
  if (objective === "squared" || (objective === "binary" && !isNamed)) return [];
  if (!/^(?:string|boolean|int|long)$/.test(type)) throw wrongLabel(`${definition.label} is ${type}`);
  const label = quoteName(definition.label);
  const { rows } = await lakehouse.query(
    `SELECT DISTINCT ${label} FROM ${lakehouse.relation(table)} WHERE ${where} AND ${label} IS NOT NULL LIMIT ${CLASSES_MAX + 1}`,
  );
  const classes = rows.map(([value]) => value).filter((value) => isClassLabel(value));
  if (classes.length < rows.length || classes.length > CLASSES_MAX)
    throw wrongLabel(`${definition.label} has more than ${CLASSES_MAX} classes, or such as are no small numbers`);
  if (objective === "binary" && classes.length !== 2)
    throw wrongLabel(`${definition.label} has ${classes.length} values in the training rows, where yes and no are two`);
  return classes.toSorted((a, b) => (a < b ? -1 : 1));
}

function isClassLabel(value: unknown): value is ClassLabel {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** The label as FLOAT: itself, or its class's place; null where it has none of the classes. */
export function labelSql(label: string, classes: readonly ClassLabel[]): string {
  return classes.length === 0 ? `${quoteName(label)}::float` : placeSql(`${quoteName(label)}::varchar`, classes);
}

/** A feature as FLOAT: itself, or a categorical one's place among its values; null for one that is not among them. */
export function featureSql(feature: string, categories: Encoding["categories"]): string {
  const values = categories[feature];
  if (values === undefined) return quoteName(feature);
  return placeSql(categoryText(feature, typeof values[0] !== "number"), values);
}

function placeSql(text: string, values: readonly (Category | ClassLabel)[]): string {
  if (values.length === 0) return "NULL::float";
  return `enum_code(TRY_CAST(${text} AS ENUM(${values.map((value) => quoteText(String(value))).join(", ")})))::float`;
}

/** A categorical feature's value as text. Numbers name kinds only where they are whole. */
function categoryText(column: string, isText: boolean): string {
  const name = quoteName(column);
  return isText ? name : `CASE WHEN ${name} = floor(${name}) THEN ${name}::bigint::varchar END`;
}

function typeIn(columns: readonly Column[], name: string): string {
  return columns.find((column) => column.name === name)?.type ?? "float";
}

function wrongLabel(because: string): Error {
  return trainingErrors.create("training/wrong-label", { because });
}

function wrongCategory(because: string): Error {
  return trainingErrors.create("training/wrong-category", { because });
}
