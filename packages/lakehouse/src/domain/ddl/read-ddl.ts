import { Cursor, refused } from "../dml/cursor.ts";
import { isWord, tokensOf } from "../sql-tokens.ts";
import { readChange, readColumn } from "./read-alter.ts";
import { readOrder, readProperties, readTerms } from "./read-terms.ts";
import type { ColumnDefinition, CreateTable, DdlStatement, DropTable } from "./statement.ts";

/**
 * A statement that makes, alters or drops a table, as Spark's SQL for Iceberg writes them; undefined for any other.
 * Throws `lakehouse/unsupported-statement`.
 */
export function readDdl(sql: string): DdlStatement | undefined {
  if (!isWord(tokensOf(sql)[0], "create", "alter", "drop")) return undefined;
  const cursor = new Cursor(sql);
  const statement = readOne(cursor);
  if (!cursor.isDone) throw cursor.unexpected("its end");
  return statement;
}

function readOne(cursor: Cursor): DdlStatement {
  if (cursor.takes("alter")) {
    cursor.expects("table");
    const parts = cursor.parts("table");
    return { kind: "alter", parts, change: readChange(cursor) };
  }
  if (cursor.takes("drop")) return readDrop(cursor);
  cursor.expects("create");
  if (cursor.sees("or")) throw refused("CREATE OR REPLACE is not supported: drop the table first");
  return readCreate(cursor);
}

function readDrop(cursor: Cursor): DropTable {
  if (!cursor.takes("table")) throw refused("only tables are dropped by a statement");
  const onlyIfThere = cursor.takes("if", "exists");
  const parts = cursor.parts("table");
  cursor.takes("purge");
  return { kind: "drop", parts, onlyIfThere };
}

function readCreate(cursor: Cursor): CreateTable {
  if (!cursor.takes("table")) throw refused("only tables are made by a statement; views are models of the project");
  const onlyIfMissing = cursor.takes("if", "not", "exists");
  const parts = cursor.parts("table");
  const columns = cursor.takesSign("(") ? readColumns(cursor) : undefined;
  let table: CreateTable = {
    kind: "create",
    parts,
    onlyIfMissing,
    columns,
    partition: [],
    order: [],
    properties: {},
    query: undefined,
  };
  for (;;) {
    const more = readClause(cursor);
    if (more === undefined) break;
    table = { ...table, ...more, properties: { ...table.properties, ...more.properties } };
  }
  if (cursor.takes("as")) table = { ...table, query: cursor.until("query") };
  if (table.columns === undefined && table.query === undefined) throw cursor.unexpected("columns, or AS and a query");
  if (table.columns !== undefined && table.query !== undefined)
    throw refused("a table made AS a query has the query's columns: name them there");
  return table;
}

function readColumns(cursor: Cursor): readonly ColumnDefinition[] {
  const columns = [readColumn(cursor)];
  while (cursor.takesSign(",")) columns.push(readColumn(cursor));
  cursor.expectsSign(")");
  return columns;
}

/** What may stand between the columns and the end, in any order. */
function readClause(cursor: Cursor): Partial<CreateTable> | undefined {
  if (cursor.takes("using")) {
    const format = cursor.name("format");
    if (format.toLowerCase() !== "iceberg") throw refused(`tables are Iceberg's, not ${format}`);
    return {};
  }
  if (cursor.takes("partitioned", "by")) return { partition: readTerms(cursor) };
  if (cursor.takes("write", "ordered", "by")) return { order: readOrder(cursor) };
  if (cursor.takes("tblproperties")) return { properties: readProperties(cursor) };
  return cursor.takes("comment") ? { properties: { comment: cursor.text("comment") } } : undefined;
}
