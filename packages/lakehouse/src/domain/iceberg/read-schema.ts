import { icebergErrors } from "../../iceberg-errors.ts";
import type { IcebergField, IcebergSchema, IcebergType, StructType } from "./schema.ts";

const PRIMITIVE =
  /^(?:boolean|int|long|float|double|date|time|timestamp|timestamptz|timestamp_ns|timestamptz_ns|string|uuid|binary|unknown|variant|fixed\[\d{1,9}\]|decimal\(\d{1,2}, ?\d{1,2}\)|geometry(?:\(.*\))?|geography(?:\(.*\))?)$/;
const DEPTH_MAX = 100;

type Json = Readonly<Record<string, unknown>>;

/** A schema as a client sent it: known types, ids and names that occur once. Throws `iceberg/bad-request`. */
export function readSchema(value: unknown): IcebergSchema {
  const given = objectOf(value, "schema");
  const struct = readStruct(given, 0);
  const seen = new Set<number>();
  refuseRepeatedIds(struct, seen);
  const identifiers = given["identifier-field-ids"];
  const id = given["schema-id"] ?? 0;
  if (!isId(id)) throw bad("schema-id is not an integer");
  return {
    ...struct,
    "schema-id": id,
    ...(Array.isArray(identifiers)
      ? { "identifier-field-ids": identifiers.map((one) => idOf(one, "identifier")) }
      : {}),
  };
}

function readStruct(given: Json, depth: number): StructType {
  const { fields } = given;
  if (!Array.isArray(fields)) throw bad("a struct has no list of fields");
  const read = fields.map((field: unknown) => readField(field, depth));
  const names = new Set<string>();
  for (const { name } of read) {
    if (names.has(name)) throw bad(`Invalid schema: multiple fields for name ${name}`);
    names.add(name);
  }
  return { type: "struct", fields: read };
}

function readField(value: unknown, depth: number): IcebergField {
  const given = objectOf(value, "a field");
  const { name, required, type, doc } = given;
  if (typeof name !== "string" || name === "") throw bad("a field has no name");
  const read = {
    id: idOf(given["id"], `field ${name}`),
    name,
    required: required === true,
    type: readType(type, depth + 1),
  };
  const kept = ["initial-default", "write-default"].filter((key) => given[key] !== undefined);
  return {
    ...read,
    ...(typeof doc === "string" ? { doc } : {}),
    ...Object.fromEntries(kept.map((key) => [key, given[key]])),
  };
}

function readType(value: unknown, depth: number): IcebergType {
  if (depth > DEPTH_MAX) throw bad(`a type is nested deeper than ${DEPTH_MAX}`);
  if (typeof value === "string") {
    if (!PRIMITIVE.test(value)) throw bad(`Cannot parse type: ${value.slice(0, 100)}`);
    return value;
  }
  const given = objectOf(value, "a type");
  if (given["type"] === "struct") return readStruct(given, depth);
  if (given["type"] === "list")
    return {
      type: "list",
      "element-id": idOf(given["element-id"], "a list's element"),
      element: readType(given["element"], depth + 1),
      "element-required": given["element-required"] === true,
    };
  if (given["type"] === "map")
    return {
      type: "map",
      "key-id": idOf(given["key-id"], "a map's key"),
      key: readType(given["key"], depth + 1),
      "value-id": idOf(given["value-id"], "a map's value"),
      value: readType(given["value"], depth + 1),
      "value-required": given["value-required"] === true,
    };
  throw bad("Cannot parse type: neither a primitive's name nor a struct, list or map");
}

function refuseRepeatedIds(type: IcebergType, seen: Set<number>): void {
  if (typeof type === "string") return;
  const inner: readonly (readonly [number, IcebergType])[] =
    type.type === "struct"
      ? type.fields.map((field) => [field.id, field.type])
      : type.type === "list"
        ? [[type["element-id"], type.element]]
        : [
            [type["key-id"], type.key],
            [type["value-id"], type.value],
          ];
  for (const [id, child] of inner) {
    if (seen.has(id)) throw bad(`Invalid schema: multiple fields for id ${id}`);
    seen.add(id);
    refuseRepeatedIds(child, seen);
  }
}

function objectOf(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw bad(`${what} is not an object`);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function idOf(value: unknown, what: string): number {
  if (isId(value)) return value;
  throw bad(`the id of ${what} is not an integer`);
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}
