import { refused, type Cursor } from "../dml/cursor.ts";
import { readOrder, readProperties, readTerm } from "./read-terms.ts";
import { readType } from "./read-type.ts";
import type { ColumnDefinition, Place, TableChange } from "./statement.ts";

/** `point.z double NOT NULL COMMENT 'height' AFTER y`. */
export function readColumn(cursor: Cursor): ColumnDefinition {
  const path = cursor.parts("column");
  const type = readType(cursor);
  const required = cursor.takes("not", "null");
  if (!required) cursor.takes("null");
  const doc = cursor.takes("comment") ? cursor.text("comment") : undefined;
  return { path, type, required, doc, place: readPlace(cursor) };
}

function readPlace(cursor: Cursor): Place | undefined {
  if (cursor.takes("first")) return { kind: "first" };
  return cursor.takes("after") ? { kind: "after", column: cursor.name("column") } : undefined;
}

/** What stands after `ALTER TABLE name`. */
export function readChange(cursor: Cursor): TableChange {
  if (cursor.takes("add", "partition", "field")) {
    const term = readTerm(cursor);
    return { kind: "add-partition", term, name: cursor.takes("as") ? cursor.name("name") : undefined };
  }
  if (cursor.takes("drop", "partition", "field")) return { kind: "drop-partition", term: readTerm(cursor) };
  if (cursor.takes("replace", "partition", "field")) {
    const term = readTerm(cursor);
    cursor.expects("with");
    const by = readTerm(cursor);
    return { kind: "replace-partition", term, by, name: cursor.takes("as") ? cursor.name("name") : undefined };
  }
  if (cursor.takes("write")) return readWrite(cursor);
  if (cursor.takes("rename", "to")) return { kind: "rename", to: cursor.parts("table") };
  if (cursor.takes("set")) return readSet(cursor);
  if (cursor.takes("unset", "tblproperties")) return { kind: "unset-properties", names: textsOf(cursor) };
  if (cursor.takes("drop", "identifier", "fields"))
    return { kind: "identifiers", columns: columnsOf(cursor), adds: false };
  return readColumnChange(cursor);
}

function readSet(cursor: Cursor): TableChange {
  if (cursor.takes("tblproperties")) return { kind: "set-properties", properties: readProperties(cursor) };
  cursor.expects("identifier", "fields");
  return { kind: "identifiers", columns: columnsOf(cursor), adds: true };
}

/** As Iceberg's extension of Spark's SQL has it. */
function readWrite(cursor: Cursor): TableChange {
  if (cursor.takes("unordered")) return { kind: "order", order: [], distribution: "none" };
  const isByPartition = cursor.takes("distributed", "by", "partition");
  const isLocal = cursor.takes("locally");
  if (isByPartition && !cursor.sees("ordered")) return { kind: "order", order: [], distribution: "hash" };
  cursor.expects("ordered", "by");
  const order = readOrder(cursor);
  return { kind: "order", order, distribution: isByPartition ? "hash" : isLocal ? "none" : "range" };
}

function readColumnChange(cursor: Cursor): TableChange {
  if (cursor.takes("add", "column") || cursor.takes("add", "columns") || cursor.takes("add")) {
    const isBracketed = cursor.takesSign("(");
    const columns = [readColumn(cursor)];
    while (cursor.takesSign(",")) columns.push(readColumn(cursor));
    if (isBracketed) cursor.expectsSign(")");
    return { kind: "add-columns", columns };
  }
  if (cursor.takes("drop", "column") || cursor.takes("drop", "columns"))
    return { kind: "drop-columns", columns: columnsOf(cursor) };
  if (cursor.takes("rename", "column")) {
    const column = cursor.parts("column").join(".");
    cursor.expects("to");
    return { kind: "rename-column", column, to: cursor.name("new name") };
  }
  if (!cursor.takes("alter", "column") && !cursor.takes("change", "column") && !cursor.takes("alter"))
    throw cursor.unexpected("a change of a table");
  return readAlterColumn(cursor, cursor.parts("column").join("."));
}

function readAlterColumn(cursor: Cursor, column: string): TableChange {
  if (cursor.takes("type") || cursor.takes("set", "data", "type"))
    return { kind: "retype-column", column, type: readType(cursor) };
  if (cursor.takes("comment")) return { kind: "comment-column", column, doc: cursor.text("comment") };
  if (cursor.takes("drop", "not", "null")) return { kind: "drop-not-null", column };
  if (cursor.sees("set", "not", "null"))
    throw refused("SET NOT NULL is not supported: rows that are there may have no value");
  const place = readPlace(cursor);
  if (place === undefined) throw cursor.unexpected("TYPE, COMMENT, FIRST, AFTER or DROP NOT NULL");
  return { kind: "move-column", column, place };
}

function columnsOf(cursor: Cursor): readonly string[] {
  const isBracketed = cursor.takesSign("(");
  const columns = [cursor.parts("column").join(".")];
  while (cursor.takesSign(",")) columns.push(cursor.parts("column").join("."));
  if (isBracketed) cursor.expectsSign(")");
  return columns;
}

function textsOf(cursor: Cursor): readonly string[] {
  cursor.expectsSign("(");
  const texts = [cursor.text("property")];
  while (cursor.takesSign(",")) texts.push(cursor.text("property"));
  cursor.expectsSign(")");
  return texts;
}
