import type { IcebergType, StructType } from "../../domain/iceberg/schema.ts";
import type { PhysicalNames } from "../physical-names.ts";

const PRIMITIVES: Readonly<Record<string, string | object>> = {
  boolean: "boolean",
  int: "int",
  long: "long",
  float: "float",
  double: "double",
  date: { type: "int", logicalType: "date" },
  // Hudi's readers know instants alone: without a zone, a time is taken for one in UTC.
  timestamp: { type: "long", logicalType: "timestamp-micros" },
  timestamptz: { type: "long", logicalType: "timestamp-micros" },
  string: "string",
  binary: "bytes",
};

/** Why Hudi cannot have a schema whose columns the files call by these names; undefined when it can. */
export function refusedByHudi({ fields }: StructType, names: PhysicalNames, prefix = ""): string | undefined {
  for (const { id, name, type } of fields) {
    const full = `${prefix}${name}`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `Hudi has no column of the name ${JSON.stringify(full)}`;
    if (name.startsWith("_hoodie_")) return `the column ${full} has a name that Hudi keeps for itself`;
    const own = names.get(id) ?? name;
    if (own !== name)
      return `the column ${full} was renamed: the data files call it ${own}, and Hudi finds columns by their name`;
    const refused = refusedType(type, full, names);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function refusedType(type: IcebergType, name: string, names: PhysicalNames): string | undefined {
  if (typeof type === "string") {
    if (Object.hasOwn(PRIMITIVES, type) || type.startsWith("decimal(")) return undefined;
    return `a Hudi mirror has no type for ${name}, which is ${type}`;
  }
  if (type.type === "struct") return refusedByHudi(type, names, `${name}.`);
  if (type.type === "list") return refusedType(type.element, `${name}.element`, names);
  if (type.key !== "string") return `the keys of ${name} are not texts, as Hudi's maps have them`;
  return refusedType(type.value, `${name}.value`, names);
}

/** The schema in Avro, as a commit's metadata has it. */
export function hudiSchema(struct: StructType, table: string): string {
  return JSON.stringify(record(struct, table));
}

function record({ fields }: StructType, name: string): object {
  return {
    type: "record",
    name,
    fields: fields.map((field) => {
      const type = avroType(field.type, `${name}_${field.name}`);
      const doc = field.doc === undefined ? {} : { doc: field.doc };
      return field.required
        ? { name: field.name, type, ...doc }
        : { name: field.name, type: ["null", type], default: null, ...doc };
    }),
  };
}

function avroType(type: IcebergType, name: string): string | object {
  if (typeof type === "string") return PRIMITIVES[type] ?? decimalType(type, name);
  if (type.type === "struct") return record(type, name);
  const optional = (inner: string | object, isRequired: boolean) => (isRequired ? inner : ["null", inner]);
  if (type.type === "list")
    return { type: "array", items: optional(avroType(type.element, `${name}_element`), type["element-required"]) };
  return { type: "map", values: optional(avroType(type.value, `${name}_value`), type["value-required"]) };
}

function decimalType(type: string, name: string): object {
  const [, precision = "38", scale = "0"] = /^decimal\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  return {
    type: "fixed",
    name: `${name}_fixed`,
    size: bytesFor(Number(precision)),
    logicalType: "decimal",
    precision: Number(precision),
    scale: Number(scale),
  };
}

/** The fewest bytes that hold every decimal of so many digits. */
function bytesFor(precision: number): number {
  let bytes = 1;
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes += 1;
  return bytes;
}
