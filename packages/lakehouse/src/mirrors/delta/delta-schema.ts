import type { IcebergField, IcebergType, StructType } from "../../domain/iceberg/schema.ts";
import type { PhysicalNames } from "../physical-names.ts";

type DeltaType = string | object;

const PRIMITIVES: Readonly<Record<string, string>> = {
  boolean: "boolean",
  int: "integer",
  long: "long",
  float: "float",
  double: "double",
  date: "date",
  timestamp: "timestamp_ntz",
  timestamptz: "timestamp",
  string: "string",
  binary: "binary",
};

/** Why Delta cannot have a schema's types or names; undefined when it can. */
export function refusedByDelta({ fields }: StructType, prefix = ""): string | undefined {
  const seen = new Map<string, string>();
  for (const { name, type } of fields) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) return `the columns ${prefix}${twin} and ${prefix}${name} differ by case alone`;
    seen.set(name.toLowerCase(), name);
    const refused = refusedType(type, `${prefix}${name}`);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function refusedType(type: IcebergType, name: string): string | undefined {
  if (typeof type === "string") {
    if (Object.hasOwn(PRIMITIVES, type) || type.startsWith("decimal(")) return undefined;
    return `Delta has no type for ${name}, which is ${type}`;
  }
  if (type.type === "struct") return refusedByDelta(type, `${name}.`);
  if (type.type === "list") return refusedType(type.element, `${name}.element`);
  return refusedType(type.key, `${name}.key`) ?? refusedType(type.value, `${name}.value`);
}

/** Whether columns need another name than the files have for them, or one that Parquet's readers of Delta do not take. */
export function needsMapping(struct: StructType, names: PhysicalNames): boolean {
  return everyField(struct).some(({ id, name }) => names.get(id) !== name || /[ ,;{}()\n\t=]/.test(name));
}

/** Whether any value is a timestamp without a zone, which needs a feature of the protocol. */
export function hasLocalTimestamps(struct: StructType): boolean {
  return typesIn(struct).includes("timestamp");
}

function typesIn(type: IcebergType): readonly string[] {
  if (typeof type === "string") return [type];
  if (type.type === "struct") return type.fields.flatMap(({ type: inner }) => typesIn(inner));
  if (type.type === "list") return typesIn(type.element);
  return [...typesIn(type.key), ...typesIn(type.value)];
}

function everyField(type: IcebergType): readonly IcebergField[] {
  if (typeof type === "string") return [];
  if (type.type === "struct") return type.fields.flatMap((field) => [field, ...everyField(field.type)]);
  if (type.type === "list") return everyField(type.element);
  return [...everyField(type.key), ...everyField(type.value)];
}

/** The schema as a Delta table's metadata has it; with the physical names when columns are mapped. */
export function deltaSchema(struct: StructType, mapped: PhysicalNames | undefined): string {
  return JSON.stringify(deltaStruct(struct, mapped));
}

function deltaStruct({ fields }: StructType, mapped: PhysicalNames | undefined): object {
  return {
    type: "struct",
    fields: fields.map(({ id, name, type, required, doc }) => ({
      name,
      type: deltaType(type, mapped),
      nullable: !required,
      metadata: {
        ...(doc === undefined ? {} : { comment: doc }),
        "iceberg.field.id": id,
        ...(mapped === undefined
          ? {}
          : { "delta.columnMapping.id": id, "delta.columnMapping.physicalName": mapped.get(id) ?? name }),
      },
    })),
  };
}

function deltaType(type: IcebergType, mapped: PhysicalNames | undefined): DeltaType {
  if (typeof type === "string") return PRIMITIVES[type] ?? type.replaceAll(" ", "");
  if (type.type === "struct") return deltaStruct(type, mapped);
  if (type.type === "list")
    return { type: "array", elementType: deltaType(type.element, mapped), containsNull: !type["element-required"] };
  return {
    type: "map",
    keyType: deltaType(type.key, mapped),
    valueType: deltaType(type.value, mapped),
    valueContainsNull: !type["value-required"],
  };
}
