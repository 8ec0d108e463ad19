import type { DmlStatement, MergeStatement, Sql } from "../domain/dml/statement.ts";
import { currentSnapshot } from "../domain/iceberg/metadata.ts";
import type { LiveFile } from "../domain/iceberg/scan.ts";
import { quoteName, quoteText } from "../domain/names.ts";
import type { NamedParameters } from "../domain/sql-parameters.ts";
import type { SqlExpression } from "../domain/planning/sql-tree.ts";
import type { ManifestCache } from "../manifest-cache.ts";
import { countFiles } from "../planned-files.ts";
import { parsed, planTarget } from "../planner.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { SqlEngine, SqlValue } from "../ports.ts";
import { withScratch } from "./scratch.ts";
import type { TargetTable } from "./target-table.ts";

export interface PruningPorts extends LakehousePorts {
  readonly cache: ManifestCache;
  /** Of the statement. */
  readonly parameters?: NamedParameters | undefined;
  /** Makes time travel and metadata tables of a text into subqueries. */
  readonly expand: (sql: string) => Promise<string>;
}

type Changing = Exclude<DmlStatement, { kind: "insert" }>;

/** The name by which the target stands in a text that is planned, and never run. No table is called so. */
const TARGET = "mill target";

interface Pruned {
  readonly statement: Changing;
  /** The target's files with rows that the statement may change; undefined for all. */
  readonly files: readonly LiveFile[] | undefined;
}

/**
 * Runs work on a statement with no more files of its target than its conditions leave. The rows of a MERGE's source are laid
 * aside first, where the table has several files: those whose keys are beyond the source's are not opened.
 */
export async function withTargetFiles<Result>(
  ports: PruningPorts,
  table: TargetTable,
  told: { readonly statement: Changing; readonly sourceAlias: string },
  work: (pruned: Pruned) => Promise<Result>,
): Promise<Result> {
  const { statement, sourceAlias } = told;
  const snapshot = currentSnapshot(table.metadata);
  const whole = { statement, files: undefined };
  if (snapshot === undefined || (await countFiles(ports.cache, snapshot)) < 2) return work(whole);
  if (statement.kind !== "merge") return work({ statement, files: await filesFor(ports, table, readOf(statement)) });
  if (statement.clauses.some(({ on }) => on === "not-matched-by-source")) return work(whole);
  const rows = await ports.expand(`${withOf(statement.ctes)}SELECT * FROM ${statement.using}\n`);
  return withScratch(ports, rows, async (scratch) => {
    const own = { ...statement, using: `${scratch} AS ${quoteName(sourceAlias)}` };
    const select = joinOf(own);
    const range = await keysOf(ports.engine, table, { statement: own, select, sourceAlias });
    const files = range === undefined ? [] : await filesFor(ports, table, `${select} WHERE ${range}`);
    return work({ statement: own, files });
  });
}

async function filesFor(
  ports: PruningPorts,
  { entry, metadata, schema }: TargetTable,
  sql: Sql,
): Promise<readonly LiveFile[] | undefined> {
  const target = { entry, metadata, schema, snapshot: currentSnapshot(metadata) };
  return planTarget(ports, { sql, name: TARGET, target, parameters: ports.parameters });
}

function withOf(ctes: Sql | undefined): string {
  return ctes === undefined ? "" : `WITH ${ctes}\n `;
}

function readOf(statement: Exclude<Changing, MergeStatement>): Sql {
  const others = statement.kind === "delete" ? statement.using : statement.from;
  const from = `${quoteName(TARGET)} AS ${quoteName(statement.target.alias)}`;
  const where = statement.where === undefined ? "true" : `(\n${statement.where}\n)`;
  return `${withOf(statement.ctes)}SELECT 1 FROM ${from}${others === undefined ? "" : `, ${others}\n`} WHERE ${where}`;
}

function joinOf({ ctes, target, using, on }: MergeStatement): Sql {
  return `${withOf(ctes)}SELECT 1 FROM ${quoteName(TARGET)} AS ${quoteName(target.alias)} JOIN ${using} ON (\n${on}\n)`;
}

/**
 * Types that are in the same order whichever of them they are compared as; texts among texts alone. A single beside a whole
 * number makes a single of it, and beside a double is not what its text says.
 */
const ORDERED =
  /^(?:U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d+,\d+\)|DOUBLE|DATE|TIMESTAMP(?: WITH TIME ZONE)?|VARCHAR|UUID|BOOLEAN)$/;

/** Their texts are of the same type in a statement; a double's would be a decimal, which is compared in another way. */
const EXACT = /INT|DECIMAL/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** What lies between the least and the greatest key of the source, as a condition on the target; undefined for nothing. */
async function keysOf(
  engine: SqlEngine,
  { schema }: TargetTable,
  told: { readonly statement: MergeStatement; readonly select: Sql; readonly sourceAlias: string },
): Promise<Sql | undefined> {
  const { statement, select, sourceAlias } = told;
  const { alias } = statement.target;
  const pairs = await equalColumns(engine, select, [alias, sourceAlias]);
  if (pairs.length === 0) return "true";
  const asked = pairs.flatMap(([, column]) => {
    const name = `${quoteName(sourceAlias)}.${quoteName(column)}`;
    return [`min(${name})::VARCHAR`, `max(${name})::VARCHAR`, `typeof(min(${name}))`];
  });
  const { rows } = await engine.query(`SELECT ${asked.join(", ")} FROM ${statement.using}`);
  const conditions = pairs.map(([column], index) => {
    const [least, most, type] = (rows[0] ?? []).slice(index * 3, index * 3 + 3).map(textIfTold);
    const name = `${quoteName(alias)}.${quoteName(column)}`;
    const field = schema.fields.find((one) => one.name.toLowerCase() === column.toLowerCase());
    // Without a key there is none that is equal.
    if (least === undefined || most === undefined || type === undefined) return undefined;
    if (!ORDERED.test(type) || (type === "VARCHAR") !== (field?.type === "string")) return "true";
    const bound = (text: string) =>
      EXACT.test(type) && NUMBER.test(text) ? text : `CAST(${quoteText(text)} AS ${type})`;
    return `${name} >= ${bound(least)} AND ${name} <= ${bound(most)}`;
  });
  return conditions.includes(undefined) ? undefined : conditions.join(" AND ");
}

function textIfTold(value: SqlValue): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The columns of two relations that the condition of their join holds to be equal, by the relations' names. */
async function equalColumns(
  engine: SqlEngine,
  sql: Sql,
  [one, other]: readonly [string, string],
): Promise<readonly (readonly [string, string])[]> {
  const condition = (await parsed(engine, sql))?.from_table?.condition;
  return condition === undefined ? [] : equalities(condition).flatMap((pair) => sides(pair, one, other));
}

/** The comparisons that must all be true where the condition is. */
function equalities(condition: SqlExpression): readonly SqlExpression[] {
  if (condition.type === "CONJUNCTION_AND") return (condition.children ?? []).flatMap(equalities);
  return condition.type === "COMPARE_EQUAL" ? [condition] : [];
}

function sides({ left, right }: SqlExpression, one: string, other: string): readonly (readonly [string, string])[] {
  const columnOf = (relation: string) =>
    [left, right]
      .map((side) => (side?.class === "COLUMN_REF" ? (side.column_names ?? []) : []))
      .find((names) => names.length === 2 && names[0]?.toLowerCase() === relation.toLowerCase())?.[1];
  const [first, second] = [columnOf(one), columnOf(other)];
  return first === undefined || second === undefined ? [] : [[first, second]];
}
