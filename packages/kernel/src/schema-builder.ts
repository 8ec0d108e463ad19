import type { Type as TypeBox } from "typebox";

type Builders = Pick<
  typeof TypeBox,
  | "Array"
  | "BigInt"
  | "Boolean"
  | "Integer"
  | "Literal"
  | "Null"
  | "Number"
  | "Object"
  | "Optional"
  | "Record"
  | "String"
  | "Union"
  | "Unknown"
>;

type Plain = Readonly<Record<string, unknown>>;

const builders = {
  String: (options?: Plain) => schema("String", { type: "string", ...options }),
  Number: (options?: Plain) => schema("Number", { type: "number", ...options }),
  Integer: (options?: Plain) => schema("Integer", { type: "integer", ...options }),
  BigInt: (options?: Plain) => schema("BigInt", { type: "bigint", ...options }),
  Boolean: (options?: Plain) => schema("Boolean", { type: "boolean", ...options }),
  Null: (options?: Plain) => schema("Null", { type: "null", ...options }),
  Unknown: (options?: Plain) => schema("Unknown", { ...options }),
  Literal: (value: unknown, options?: Plain) => schema("Literal", { type: typeof value, const: value, ...options }),
  Array: (items: Plain, options?: Plain) => schema("Array", { type: "array", items, ...options }),
  Union: (anyOf: readonly Plain[], options?: Plain) => schema("Union", { anyOf, ...options }),
  Record: (_text: Plain, values: Plain, options?: Plain) =>
    schema("Record", { type: "object", patternProperties: { "^.*$": values }, ...options }),
  Object: (properties: Readonly<Record<string, Plain>>, options?: Plain) =>
    schema("Object", { type: "object", ...requiredOf(properties), properties, ...options }),
  Optional: (inner: Plain) => mark({ ...inner }, { "~kind": inner["~kind"], "~optional": true }),
} satisfies Readonly<Record<keyof Builders, unknown>>;

/**
 * The builders of TypeBox's schemas that are used here, typed as its own and making the same objects. TypeBox's own come
 * with all of its language, 300 files that every process would read at its start; what checks values still is TypeBox.
 */
export const Type = builders as unknown as Builders;

function schema(kind: string, plain: Plain): Plain {
  return mark({ ...plain }, { "~kind": kind });
}

/** TypeBox's marks are no part of the JSON. */
function mark(plain: Plain, marks: Plain): Plain {
  for (const [name, value] of Object.entries(marks)) Object.defineProperty(plain, name, { value });
  return plain;
}

function requiredOf(properties: Readonly<Record<string, Plain>>): Plain {
  const required = Object.keys(properties).filter((name) => !("~optional" in (properties[name] ?? {})));
  return required.length === 0 ? {} : { required };
}
