/** A type as the specification writes it: a primitive's name, or an object for what is nested. */
export type IcebergType = string | StructType | ListType | MapType;

export interface StructType {
  readonly type: "struct";
  readonly fields: readonly IcebergField[];
}

interface ListType {
  readonly type: "list";
  readonly "element-id": number;
  readonly element: IcebergType;
  readonly "element-required": boolean;
}

interface MapType {
  readonly type: "map";
  readonly "key-id": number;
  readonly key: IcebergType;
  readonly "value-id": number;
  readonly value: IcebergType;
  readonly "value-required": boolean;
}

export interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: IcebergType;
  readonly doc?: string;
  /** What rows have that were written before the column was there (version 3), as the specification's JSON of a value. */
  readonly "initial-default"?: unknown;
  /** What a writer puts in who is told nothing else (version 3). */
  readonly "write-default"?: unknown;
}

export interface IcebergSchema extends StructType {
  readonly "schema-id": number;
  readonly "identifier-field-ids"?: readonly number[];
}

/** A type in one line: `struct<id: int, tags: list<string>>`. */
export function typeText(type: IcebergType): string {
  if (typeof type === "string") return type;
  if (type.type === "list") return `list<${typeText(type.element)}>`;
  if (type.type === "map") return `map<${typeText(type.key)}, ${typeText(type.value)}>`;
  return `struct<${type.fields.map(({ name, type: inner }) => `${name}: ${typeText(inner)}`).join(", ")}>`;
}

/** Every field of a schema at any depth with its full name: `a`, `a.b`, `tags.element`, `m.key`. */
export function fieldsOf(type: IcebergType, prefix = ""): readonly { id: number; name: string; type: IcebergType }[] {
  if (typeof type === "string") return [];
  return childrenOf(type).flatMap((child) => {
    const name = prefix === "" ? child.name : `${prefix}.${child.name}`;
    return [{ ...child, name }, ...fieldsOf(child.type, name)];
  });
}

/** A field as it lies in its schema. */
export interface FieldIn {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly isPrimitive: boolean;
  readonly required: boolean;
  readonly doc: string | undefined;
  /** The field around it. */
  readonly parent: number | undefined;
}

/** Every field at any depth with all that is told of it. */
export function fieldsIn(type: IcebergType, prefix = "", parent?: number): readonly FieldIn[] {
  if (typeof type === "string") return [];
  const told = type.type === "struct" ? new Map(type.fields.map((field) => [field.id, field])) : undefined;
  return childrenOf(type).flatMap(({ id, name: own, type: inner }) => {
    const name = prefix === "" ? own : `${prefix}.${own}`;
    const field = {
      id,
      name,
      type: typeText(inner),
      isPrimitive: typeof inner === "string",
      required: told?.get(id)?.required ?? false,
      doc: told?.get(id)?.doc,
      parent,
    };
    return [field, ...fieldsIn(inner, name, id)];
  });
}

function childrenOf(type: StructType | ListType | MapType): readonly { id: number; name: string; type: IcebergType }[] {
  if (type.type === "struct") return type.fields.map(({ id, name, type: inner }) => ({ id, name, type: inner }));
  if (type.type === "list") return [{ id: type["element-id"], name: "element", type: type.element }];
  return [
    { id: type["key-id"], name: "key", type: type.key },
    { id: type["value-id"], name: "value", type: type.value },
  ];
}

export function highestFieldId(schema: IcebergSchema): number {
  return Math.max(0, ...fieldsOf(schema).map(({ id }) => id));
}

/** The same columns with ids from 1 on: those of a level first, then those within each. */
export function withFreshIds(schema: IcebergSchema, schemaId: number): { schema: IcebergSchema; lastColumnId: number } {
  let last = 0;
  const fresh = structWithIds(schema, () => (last += 1));
  const names = new Map(fieldsOf(schema).map(({ id, name }) => [id, name]));
  const ids = new Map(fieldsOf(fresh).map(({ id, name }) => [name, id]));
  const identifiers = schema["identifier-field-ids"]?.flatMap((id) => ids.get(names.get(id) ?? "") ?? []);
  return {
    schema: {
      ...fresh,
      "schema-id": schemaId,
      ...(identifiers === undefined ? {} : { "identifier-field-ids": identifiers }),
    },
    lastColumnId: last,
  };
}

function structWithIds(struct: StructType, next: () => number): StructType {
  const ids = struct.fields.map(() => next());
  return {
    type: "struct",
    fields: struct.fields.map((field, index) => ({
      ...field,
      id: ids[index] ?? 0,
      type: typeWithIds(field.type, next),
    })),
  };
}

/** A type whose nested fields have ids from here on. */
export function typeWithIds(type: IcebergType, next: () => number): IcebergType {
  if (typeof type === "string") return type;
  if (type.type === "struct") return structWithIds(type, next);
  if (type.type === "list") {
    const id = next();
    return { ...type, "element-id": id, element: typeWithIds(type.element, next) };
  }
  const keyId = next();
  const valueId = next();
  return {
    ...type,
    "key-id": keyId,
    "value-id": valueId,
    key: typeWithIds(type.key, next),
    value: typeWithIds(type.value, next),
  };
}

/** Whether two schemas are the same but for their id. */
export function isSameSchema(one: IcebergSchema, other: IcebergSchema): boolean {
  const identifiers = (schema: IcebergSchema) =>
    (schema["identifier-field-ids"] ?? []).toSorted((a, b) => a - b).join();
  return identifiers(one) === identifiers(other) && canonical(one.fields) === canonical(other.fields);
}

/** JSON whose keys are in one order at any depth. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === "bigint") return inner.toString();
    return inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner;
  });
}

/** The first version of the format that a type needs. */
const NEEDS_V3 = /^(?:variant|unknown|timestamp_ns|timestamptz_ns|geometry|geography)/;

/** A field whose type the table's version does not have; undefined when there is none. */
export function fieldBeyond(schema: IcebergSchema, formatVersion: number): { name: string; type: string } | undefined {
  if (formatVersion >= 3) return undefined;
  for (const { name, type } of fieldsOf(schema))
    if (typeof type === "string" && NEEDS_V3.test(type)) return { name, type };
  return undefined;
}
