import { isWord, tokensOf } from "../sql-tokens.ts";
import { Cursor, refused } from "./cursor.ts";
import { readMergeClauses } from "./read-merge.ts";
import type { Assignment, DmlStatement, Sql, Target } from "./statement.ts";

const VERBS = ["insert", "delete", "update", "merge", "truncate"] as const;

/**
 * A statement that changes rows; undefined for any other. Only its frame is read here: each expression and query is kept as
 * text for the engine's own parser. Throws `lakehouse/unsupported-statement`.
 */
export function readDml(sql: string): DmlStatement | undefined {
  const [first] = tokensOf(sql);
  if (!isWord(first, "with", ...VERBS) || !/\b(?:insert|delete|update|merge|truncate)\b/i.test(sql)) return undefined;
  const cursor = new Cursor(sql);
  const ctes = cursor.takes("with")
    ? cursor.until("query after WITH", ...VERBS.map((verb) => [verb]), ["select"])
    : undefined;
  if (cursor.takes("insert")) return readInsert(cursor, ctes);
  if (cursor.takes("delete")) return readDelete(cursor, ctes);
  if (cursor.takes("update")) return readUpdate(cursor, ctes);
  if (cursor.takes("merge")) return readMerge(cursor, ctes);
  if (!cursor.takes("truncate")) return undefined;
  cursor.takes("table");
  return ended(cursor, { kind: "delete", ctes, target: readTarget(cursor, []), using: undefined, where: undefined });
}

function ended<Statement extends DmlStatement>(cursor: Cursor, statement: Statement): Statement {
  if (cursor.sees("returning")) throw refused("RETURNING is not supported: ask the table after the statement");
  if (!cursor.isDone) throw cursor.unexpected("its end");
  return statement;
}

/** The table, with its alias unless one of these words follows. */
function readTarget(cursor: Cursor, words: readonly string[]): Target {
  const parts = cursor.parts("table");
  const last = parts.at(-1) ?? "";
  if (cursor.takes("as")) return { parts, alias: cursor.name("alias") };
  const isBare = cursor.isDone || words.some((word) => cursor.sees(word));
  const isName = cursor.token?.kind === "name" || cursor.token?.kind === "quoted";
  return { parts, alias: isBare || !isName ? last : cursor.name("alias") };
}

function readInsert(cursor: Cursor, ctes: Sql | undefined): DmlStatement {
  if (cursor.sees("overwrite")) throw refused("INSERT OVERWRITE is not supported: delete the rows, then insert");
  if (cursor.sees("or")) throw refused("INSERT OR … is not supported: use MERGE INTO");
  cursor.expects("into");
  cursor.takes("table");
  const target = readTarget(cursor, ["by", "values", "select", "with", "from", "default", "table"]);
  const columns = cursor.seesSign("(") ? columnsAhead(cursor) : undefined;
  const byName = cursor.takes("by", "name");
  if (!byName) cursor.takes("by", "position");
  if (cursor.sees("default"))
    throw refused("INSERT … DEFAULT VALUES is not supported: name the columns and their values");
  const query = cursor.until("query", ["on", "conflict"], ["returning"]);
  if (cursor.sees("on")) throw refused("ON CONFLICT is not supported: use MERGE INTO");
  return ended(cursor, { kind: "insert", ctes, target, columns, byName, query });
}

/** A list of columns, where the bracket does not begin a query. */
function columnsAhead(cursor: Cursor): readonly string[] | undefined {
  cursor.expectsSign("(");
  if (["select", "with", "from", "values"].some((word) => cursor.sees(word)))
    throw refused("the query of an INSERT stands without brackets around it");
  const columns = [cursor.name("column")];
  while (cursor.takesSign(",")) columns.push(cursor.name("column"));
  cursor.expectsSign(")");
  return columns;
}

function readDelete(cursor: Cursor, ctes: Sql | undefined): DmlStatement {
  cursor.expects("from");
  const target = readTarget(cursor, ["using", "where", "returning"]);
  const using = cursor.takes("using") ? cursor.until("table after USING", ["where"], ["returning"]) : undefined;
  const where = cursor.takes("where") ? cursor.until("condition", ["returning"]) : undefined;
  return ended(cursor, { kind: "delete", ctes, target, using, where });
}

function readUpdate(cursor: Cursor, ctes: Sql | undefined): DmlStatement {
  const target = readTarget(cursor, ["set"]);
  cursor.expects("set");
  const set = readAssignments(cursor, target, [["from"], ["where"], ["returning"]]);
  const from = cursor.takes("from") ? cursor.until("table after FROM", ["where"], ["returning"]) : undefined;
  const where = cursor.takes("where") ? cursor.until("condition", ["returning"]) : undefined;
  return ended(cursor, { kind: "update", ctes, target, set, from, where });
}

function readMerge(cursor: Cursor, ctes: Sql | undefined): DmlStatement {
  cursor.expects("into");
  const target = readTarget(cursor, ["using"]);
  cursor.expects("using");
  const using = cursor.until("source after USING", ["on"]);
  cursor.expects("on");
  const on = cursor.until("condition after ON", ["when", "matched"], ["when", "not", "matched"]);
  const clauses = readMergeClauses(cursor, (phrases) => readAssignments(cursor, target, phrases));
  return ended(cursor, { kind: "merge", ctes, target, using, on, clauses });
}

/** `a = 1, t.b = b + 1`, up to one of these phrases. */
function readAssignments(
  cursor: Cursor,
  target: Target,
  phrases: readonly (readonly string[])[],
): readonly Assignment[] {
  const set: Assignment[] = [];
  do {
    const parts = cursor.parts("column");
    const named = parts.length > 1 && [target.alias, target.parts.at(-1)].includes(parts[0]) ? parts.slice(1) : parts;
    const [column = "", ...within] = named;
    if (within.length > 0) throw refused(`${parts.join(".")} is within a column: assign the whole column`);
    if (set.some((one) => one.column.toLowerCase() === column.toLowerCase()))
      throw refused(`the column ${column} is assigned twice`);
    cursor.expectsSign("=");
    const value = cursor.until("value", [","], ...phrases);
    set.push({ column, value: /^default$/i.test(value) ? undefined : value });
  } while (cursor.takesSign(","));
  return set;
}
