import { refused } from "../domain/dml/cursor.ts";
import type { DmlStatement, Sql } from "../domain/dml/statement.ts";
import { textOf } from "../domain/text.ts";
import { lakehouseErrors } from "../errors.ts";
import type { SqlEngine } from "../ports.ts";

/** A piece of a statement in the place that it will stand in, and what must be around it then. */
interface Fragment {
  readonly sql: Sql;
  readonly probe: string;
  readonly isAlone: (node: SelectNode) => boolean;
}

interface SelectNode {
  readonly type?: string;
  readonly modifiers?: readonly unknown[];
  readonly cte_map?: { readonly map?: readonly unknown[] };
  readonly select_list?: readonly { readonly class?: string; readonly type?: string; readonly alias?: string }[];
  readonly from_table?: { readonly type?: string; readonly alias?: string; readonly table_name?: string } | null;
  readonly where_clause?: unknown;
  readonly group_expressions?: readonly unknown[];
  readonly having?: unknown;
  readonly qualify?: unknown;
  readonly sample?: unknown;
}

/**
 * Refuses a statement unless the engine's own parser, too, reads each of its pieces as one expression, one query or one
 * relation: whatever stands in it then stays in its place. Throws `lakehouse/sql-error`, `lakehouse/unsupported-statement`.
 */
export async function checkFragments(engine: SqlEngine, statement: DmlStatement): Promise<void> {
  await checkAll(engine, fragmentsOf(statement));
}

/** The same of a condition that stands by itself. */
export async function checkCondition(engine: SqlEngine, condition: Sql): Promise<void> {
  await checkAll(engine, [expression(condition)]);
}

async function checkAll(engine: SqlEngine, fragments: readonly Fragment[]): Promise<void> {
  if (fragments.length === 0) return;
  const { rows } = await engine.query(
    `SELECT ${fragments.map((_, index) => `json_serialize_sql($${index + 1}::VARCHAR)::VARCHAR`).join(", ")}`,
    { parameters: fragments.map(({ probe }) => probe) },
  );
  for (const [index, fragment] of fragments.entries()) check(fragment, textOf(rows[0]?.[index]));
}

/** The name by which the clauses of a MERGE speak of its source. Throws `lakehouse/unsupported-statement` without one. */
export async function sourceAliasOf(engine: SqlEngine, using: Sql): Promise<string> {
  const { probe } = relation(using);
  const { rows } = await engine.query("SELECT json_serialize_sql($1::VARCHAR)::VARCHAR", { parameters: [probe] });
  const parsed = JSON.parse(textOf(rows[0]?.[0])) as Parsed;
  const from = parsed.statements?.[0]?.node.from_table;
  const alias = from?.alias === undefined || from.alias === "" ? (from?.table_name ?? "") : from.alias;
  if (alias === "" || from?.type === "JOIN")
    throw refused("the source of the MERGE has no alias: write (SELECT …) AS s");
  return alias;
}

interface Parsed {
  readonly error: boolean;
  readonly error_message?: string;
  readonly statements?: readonly { readonly node: SelectNode }[];
}

function check({ sql, isAlone }: Fragment, text: string): void {
  const parsed = JSON.parse(text) as Parsed;
  const shown = sql.length > 200 ? `${sql.slice(0, 200)}…` : sql;
  if (parsed.error)
    throw lakehouseErrors.create("lakehouse/sql-error", {
      because: `Parser Error: ${parsed.error_message ?? "syntax error"} in ${JSON.stringify(shown)}`,
    });
  const [first, ...more] = parsed.statements ?? [];
  if (first === undefined || more.length > 0 || !isAlone(first.node))
    throw refused(`${JSON.stringify(shown)} is not one part of the statement`);
}

function isPlain(node: SelectNode): boolean {
  return (
    node.type === "SELECT_NODE" &&
    (node.modifiers ?? []).length === 0 &&
    node.select_list?.length === 1 &&
    (node.group_expressions ?? []).length === 0 &&
    [node.where_clause, node.having, node.qualify, node.sample].every((one) => one === null || one === undefined)
  );
}

const hasNoCte = (node: SelectNode) => (node.cte_map?.map ?? []).length === 0;
const isStar = (node: SelectNode) => node.select_list?.[0]?.class === "STAR";

function expression(sql: Sql): Fragment {
  return {
    sql,
    probe: `SELECT (\n${sql}\n)`,
    isAlone: (node) =>
      isPlain(node) &&
      hasNoCte(node) &&
      node.from_table?.type === "EMPTY" &&
      node.select_list?.[0]?.alias === "" &&
      !isStar(node),
  };
}

function relation(sql: Sql): Fragment {
  return {
    sql,
    probe: `SELECT * FROM \n${sql}\n`,
    isAlone: (node) => isPlain(node) && hasNoCte(node) && isStar(node) && node.from_table?.type !== "EMPTY",
  };
}

function query(sql: Sql): Fragment {
  return {
    sql,
    probe: `SELECT * FROM (\n${sql}\n) AS given`,
    isAlone: (node) =>
      isPlain(node) &&
      hasNoCte(node) &&
      isStar(node) &&
      ["SUBQUERY", "EXPRESSION_LIST"].includes(node.from_table?.type ?? "") &&
      node.from_table?.alias === "given",
  };
}

function commonTables(sql: Sql): Fragment {
  return {
    sql,
    probe: `WITH ${sql}\n SELECT 1`,
    isAlone: (node) => isPlain(node) && !hasNoCte(node) && node.from_table?.type === "EMPTY",
  };
}

function fragmentsOf(statement: DmlStatement): readonly Fragment[] {
  const values = (given: readonly { readonly value: Sql | undefined }[]) => given.map(({ value }) => value);
  const ctes = of(commonTables, [statement.ctes]);
  switch (statement.kind) {
    case "insert":
      return [...ctes, query(statement.query)];
    case "delete":
      return [...ctes, ...of(relation, [statement.using]), ...of(expression, [statement.where])];
    case "update":
      return [
        ...ctes,
        ...of(relation, [statement.from]),
        ...of(expression, [statement.where, ...values(statement.set)]),
      ];
    case "merge": {
      const own = statement.clauses.flatMap(({ and, action }) => {
        if (action.kind === "update") return [and, ...values(action.set ?? [])];
        return action.kind === "insert" ? [and, ...(action.values ?? [])] : [and];
      });
      return [...ctes, relation(statement.using), ...of(expression, [statement.on, ...own])];
    }
  }
}

function of(make: (sql: Sql) => Fragment, given: readonly (Sql | undefined)[]): readonly Fragment[] {
  return given.flatMap((sql) => (sql === undefined ? [] : [make(sql)]));
}
