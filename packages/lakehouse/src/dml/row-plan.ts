import type {
  Assignment,
  DeleteStatement,
  InsertStatement,
  MergeClause,
  MergeStatement,
  Sql,
  UpdateStatement,
} from "../domain/dml/statement.ts";
import { refused } from "../domain/dml/cursor.ts";
import { duckdbTypeOf } from "../domain/iceberg/duckdb-type.ts";
import { FILE, POSITION } from "../domain/iceberg/scan.ts";
import type { IcebergField, IcebergSchema } from "../domain/iceberg/schema.ts";
import { quoteName } from "../domain/names.ts";

/** What a statement does to a row. No column of a person is called so. */
export const DOES = quoteName("mill does");
const CLAUSE = quoteName("mill clause");
const SOURCE = quoteName("mill source");

/** Values of the column `mill does`. */
export const Does = { delete: 0, update: 1, insert: 2 } as const;

interface PlanOf {
  readonly schema: IcebergSchema;
  /** The target's rows with the columns FILE and POSITION. */
  readonly scan: string;
}

/**
 * A SELECT of the rows that a statement changes: FILE and POSITION of a row that goes, null for one that comes; DOES; and, if
 * any rows come, their values in the table's columns and types.
 */
export interface RowPlan {
  readonly select: string;
  readonly hasValues: boolean;
}

export function planDelete({ ctes, target, using, where }: DeleteStatement, { scan }: PlanOf): RowPlan {
  const alias = quoteName(target.alias);
  const from = `(${scan}) AS ${alias}`;
  const own = `${alias}.${FILE}, ${alias}.${POSITION}, ${Does.delete} AS ${DOES}`;
  const condition = where === undefined ? "true" : `(\n${where}\n)`;
  // Side by side, so that a name that both have is refused: within a subquery it would be the other table's.
  const select =
    using === undefined
      ? `SELECT ${own} FROM ${from} WHERE ${condition}`
      : `SELECT DISTINCT ${own} FROM ${from}, ${using}\n WHERE ${condition}`;
  return { select: `${withOf(ctes)}${select}`, hasValues: false };
}

export function planUpdate({ ctes, target, set, from, where }: UpdateStatement, { schema, scan }: PlanOf): RowPlan {
  const alias = quoteName(target.alias);
  const values = schema.fields.map((field) => `${updated(field, { set, alias })} AS ${quoteName(field.name)}`);
  refuseUnknown(set, schema);
  const sources = [`(${scan}) AS ${alias}`, ...(from === undefined ? [] : [`${from}\n`])];
  const select =
    `SELECT ${alias}.${FILE}, ${alias}.${POSITION}, ${Does.update} AS ${DOES}, ${values.join(", ")} ` +
    `FROM ${sources.join(", ")} WHERE ${where === undefined ? "true" : `(\n${where}\n)`}`;
  return { select: `${withOf(ctes)}${select}`, hasValues: true };
}

function updated(
  field: IcebergField,
  { set, alias }: { readonly set: readonly Assignment[]; readonly alias: string },
): string {
  const own = set.find(({ column }) => isSame(column, field.name));
  if (own === undefined) return cast(`${alias}.${quoteName(field.name)}`, field);
  return cast(own.value, field);
}

/** The rows that come, in the table's columns. Columns that are not told are null. */
export function planInsert({ ctes, columns, byName, query }: InsertStatement, schema: IcebergSchema): string {
  const names = columns ?? schema.fields.map(({ name }) => name);
  for (const name of names) fieldNamed(schema, name);
  const repeated = names.find((name, index) => names.findIndex((other) => isSame(other, name)) < index);
  if (repeated !== undefined) throw refused(`the column ${repeated} is named twice`);
  const isGiven = (name: string) => names.some((one) => isSame(one, name));
  const list = byName ? "" : `(${names.map(quoteName).join(", ")})`;
  const values = schema.fields.map((field) => {
    const value = isGiven(field.name) ? `given.${quoteName(field.name)}` : undefined;
    return `${cast(value, field)} AS ${quoteName(field.name)}`;
  });
  return `${withOf(ctes)}SELECT ${values.join(", ")} FROM (\n${query}\n) AS given${list}`;
}

export function planMerge(
  { ctes, target, using, on, clauses }: MergeStatement,
  { schema, scan, sourceAlias }: PlanOf & { readonly sourceAlias: string },
): RowPlan {
  const [alias, source] = [quoteName(target.alias), quoteName(sourceAlias)];
  const values = schema.fields.map((field) => {
    const cases = clauses.map(
      (clause, index) => `WHEN ${index} THEN ${merged(field, { clause, alias, source, schema })}`,
    );
    return `CASE ${CLAUSE} ${cases.join(" ")} END AS ${quoteName(field.name)}`;
  });
  const does = clauses.map(({ action }, index) =>
    action.kind === "nothing" ? "" : ` WHEN ${index} THEN ${Does[action.kind]}`,
  );
  const hasValues = clauses.some(({ action }) => action.kind === "update" || action.kind === "insert");
  const select =
    `SELECT ${clauseOf(clauses, { alias, source })} AS ${CLAUSE}, ${alias}.${FILE}, ${alias}.${POSITION}, ` +
    `CASE ${CLAUSE}${does.join("") || " WHEN NULL THEN 0"} END AS ${DOES}${hasValues ? `, ${values.join(", ")}` : ""} ` +
    `FROM (${scan}) AS ${alias} ${joinOf(clauses)} JOIN (SELECT *, true AS ${SOURCE} FROM ${using}\n) AS ${source} ON (\n${on}\n)`;
  return {
    select: `${withOf(ctes)}SELECT * EXCLUDE (${CLAUSE}) FROM (${select}) WHERE ${DOES} IS NOT NULL`,
    hasValues,
  };
}

function joinOf(clauses: readonly MergeClause[]): string {
  const has = (on: MergeClause["on"]) => clauses.some((one) => one.on === on);
  if (has("not-matched")) return has("not-matched-by-source") ? "FULL" : "RIGHT";
  return has("not-matched-by-source") ? "LEFT" : "INNER";
}

/** The number of the first clause that is for a row. */
function clauseOf(clauses: readonly MergeClause[], { alias, source }: { alias: string; source: string }): string {
  const first = (on: MergeClause["on"]) => {
    const cases = clauses.flatMap(({ on: own, and }, index) =>
      own === on ? [`WHEN ${and === undefined ? "true" : `(\n${and}\n)`} THEN ${index}`] : [],
    );
    return cases.length === 0 ? "NULL" : `CASE ${cases.join(" ")} END`;
  };
  return (
    `CASE WHEN ${alias}.${FILE} IS NOT NULL AND ${source}.${SOURCE} THEN ${first("matched")} ` +
    `WHEN ${source}.${SOURCE} THEN ${first("not-matched")} ELSE ${first("not-matched-by-source")} END`
  );
}

function merged(
  field: IcebergField,
  told: {
    readonly clause: MergeClause;
    readonly alias: string;
    readonly source: string;
    readonly schema: IcebergSchema;
  },
): string {
  const { clause, alias, source, schema } = told;
  const { action } = clause;
  const ofSource = `${source}.${quoteName(field.name)}`;
  if (action.kind === "update") {
    if (action.set === undefined) return cast(ofSource, field);
    refuseUnknown(action.set, schema);
    return updated(field, { set: action.set, alias });
  }
  if (action.kind !== "insert") return "NULL";
  if (action.values === undefined) {
    const isNamed = action.columns === undefined || action.columns.some((name) => isSame(name, field.name));
    return cast(isNamed ? ofSource : undefined, field);
  }
  const columns = action.columns ?? schema.fields.map(({ name }) => name);
  for (const name of columns) fieldNamed(schema, name);
  if (columns.length !== action.values.length)
    throw refused(`INSERT names ${columns.length} columns and gives ${action.values.length} values`);
  return cast(action.values[columns.findIndex((name) => isSame(name, field.name))], field);
}

function withOf(ctes: Sql | undefined): string {
  return ctes === undefined ? "" : `WITH ${ctes}\n `;
}

/** A value as the column stores it. What is missing is null; a column that must have one refuses it. */
function cast(value: Sql | undefined, { name, type, required }: IcebergField): string {
  const typed = `CAST(${value === undefined ? "NULL" : `(\n${value}\n)`} AS ${duckdbTypeOf(type, name)})`;
  if (!required) return typed;
  const message = `the column ${name} must have a value`.replaceAll("'", "''");
  return `coalesce(${typed}, CAST(error('${message}') AS ${duckdbTypeOf(type, name)}))`;
}

function refuseUnknown(set: readonly Assignment[], schema: IcebergSchema): void {
  for (const { column } of set) fieldNamed(schema, column);
}

function fieldNamed({ fields }: IcebergSchema, name: string): IcebergField {
  const found = fields.find((field) => isSame(field.name, name));
  if (found === undefined) throw refused(`the table has no column ${name}`);
  return found;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
