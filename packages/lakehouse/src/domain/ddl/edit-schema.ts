import { refused } from "../dml/cursor.ts";
import { lakehouseErrors } from "../../errors.ts";
import { typeText, typeWithIds, type IcebergField, type IcebergSchema, type IcebergType } from "../iceberg/schema.ts";
import type { ColumnDefinition, Place } from "./statement.ts";

/** A struct's fields made others. */
type Edit = (fields: readonly IcebergField[]) => readonly IcebergField[];

/** Adds a column with ids of its own, after `lastId`. Rows that are there have no value in it. */
export function addColumn(
  schema: IcebergSchema,
  { path, type, required, doc, place }: ColumnDefinition,
  lastId: number,
): { readonly schema: IcebergSchema; readonly lastId: number } {
  const name = path.at(-1) ?? "";
  if (required) throw refused(`${path.join(".")} cannot be NOT NULL: the rows that are there have no value in it`);
  let last = lastId;
  const next = () => (last += 1);
  const field: IcebergField = {
    id: next(),
    name,
    required: false,
    type: typeWithIds(type, next),
    ...(doc === undefined ? {} : { doc }),
  };
  const edited = editIn(schema, path.slice(0, -1), (fields) => {
    if (fields.some((one) => one.name.toLowerCase() === name.toLowerCase()))
      throw refused(`there is a column ${path.join(".")} already`);
    return placed(fields, field, place);
  });
  return { schema: edited, lastId: last };
}

export function dropColumn(schema: IcebergSchema, column: string): IcebergSchema {
  return editField(schema, column, () => []);
}

export function renameColumn(schema: IcebergSchema, column: string, to: string): IcebergSchema {
  const [path, name] = split(column);
  return editIn(schema, path, (fields) => {
    fieldIn(fields, name, column);
    if (fields.some((one) => one.name !== name && one.name.toLowerCase() === to.toLowerCase()))
      throw refused(`there is a column ${[...path, to].join(".")} already`);
    return fields.map((one) => (one.name === name ? { ...one, name: to } : one));
  });
}

/** Makes a column's type wider (Iceberg specification, "Schema Evolution"). */
export function retypeColumn(schema: IcebergSchema, column: string, type: IcebergType): IcebergSchema {
  return editField(schema, column, (field) => {
    if (typeof field.type !== "string" || typeof type !== "string")
      throw refused(`${column} is nested, or is to be: add, drop or retype what is within it`);
    if (field.type !== type && !isWider(field.type, type))
      throw refused(
        `${column} is ${typeText(field.type)}, which cannot become ${type}: int becomes long, float double, a decimal one of more digits`,
      );
    return [{ ...field, type }];
  });
}

function isWider(from: string, to: string): boolean {
  if (from === "int") return to === "long";
  if (from === "float") return to === "double";
  const [before, after] = [from, to].map((type) => /^decimal\((\d+), ?(\d+)\)$/.exec(type));
  if (before === null || after === null || before === undefined || after === undefined) return false;
  return before[2] === after[2] && Number(after[1]) >= Number(before[1]);
}

export function commentColumn(schema: IcebergSchema, column: string, doc: string): IcebergSchema {
  return editField(schema, column, (field) => [{ ...field, doc }]);
}

export function dropNotNull(schema: IcebergSchema, column: string): IcebergSchema {
  return editField(schema, column, (field) => [{ ...field, required: false }]);
}

export function moveColumn(schema: IcebergSchema, column: string, place: Place): IcebergSchema {
  const [path, name] = split(column);
  return editIn(schema, path, (fields) => {
    const field = fieldIn(fields, name, column);
    return placed(
      fields.filter((one) => one !== field),
      field,
      place,
    );
  });
}

function placed(
  fields: readonly IcebergField[],
  field: IcebergField,
  place: Place | undefined,
): readonly IcebergField[] {
  if (place === undefined) return [...fields, field];
  if (place.kind === "first") return [field, ...fields];
  const at = fields.indexOf(fieldIn(fields, place.column, place.column)) + 1;
  return [...fields.slice(0, at), field, ...fields.slice(at)];
}

function editField(
  schema: IcebergSchema,
  column: string,
  edit: (field: IcebergField) => readonly IcebergField[],
): IcebergSchema {
  const [path, name] = split(column);
  return editIn(schema, path, (fields) => {
    const field = fieldIn(fields, name, column);
    return fields.flatMap((one) => (one === field ? edit(one) : [one]));
  });
}

function split(column: string): readonly [readonly string[], string] {
  const parts = column.split(".");
  return [parts.slice(0, -1), parts.at(-1) ?? ""];
}

function fieldIn(fields: readonly IcebergField[], name: string, column: string): IcebergField {
  const found =
    fields.find((one) => one.name === name) ?? fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw lakehouseErrors.create("lakehouse/unknown-column", {
    because: `the table has no column ${column.slice(0, 200)}`,
  });
}

/** Edits the struct that a path leads to: through structs, a list's `element`, a map's `key` and `value`. */
function editIn(schema: IcebergSchema, path: readonly string[], edit: Edit): IcebergSchema {
  return { ...schema, fields: editStruct(schema.fields, path, { edit, whole: path.join(".") }) };
}

interface Told {
  readonly edit: Edit;
  readonly whole: string;
}

function editStruct(fields: readonly IcebergField[], path: readonly string[], told: Told): readonly IcebergField[] {
  const [name, ...rest] = path;
  if (name === undefined) return told.edit(fields);
  const field = fieldIn(fields, name, told.whole);
  return fields.map((one) => (one === field ? { ...one, type: editType(one.type, rest, told) } : one));
}

function editType(type: IcebergType, path: readonly string[], told: Told): IcebergType {
  if (typeof type === "string") throw refused(`there is nothing within ${told.whole}`);
  if (type.type === "struct") return { ...type, fields: editStruct(type.fields, path, told) };
  const [part, ...rest] = path;
  if (type.type === "list" && part === "element") return { ...type, element: editType(type.element, rest, told) };
  if (type.type === "map" && part === "value") return { ...type, value: editType(type.value, rest, told) };
  throw refused(`${told.whole} names no struct: a list's is \`element\`, a map's \`value\``);
}
