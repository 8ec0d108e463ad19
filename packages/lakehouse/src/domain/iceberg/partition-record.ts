import type { PartitionField, PartitionSpec } from "./metadata.ts";
import { fieldsOf, typeText, type IcebergSchema } from "./schema.ts";

/** The value of a partition field: under its name as Avro lets it be called, or as the spec has it. Undefined for none. */
export function partitionValueOf({ name }: PartitionField, partition: object): unknown {
  const values = partition as Readonly<Record<string, unknown>>;
  const stored = avroName(name);
  return values[Object.hasOwn(values, stored) ? stored : name];
}

/** The type of a partition field's values (Iceberg specification, "Partition Transforms"). */
export function partitionTypeOf(field: PartitionField, schemas: readonly IcebergSchema[]): string {
  const { transform } = field;
  if (transform === "day") return "date";
  if (/^(?:bucket|year|month|hour)/.test(transform)) return "int";
  for (const schema of schemas) {
    const source = fieldsOf(schema).find(({ id }) => id === field["source-id"]);
    if (source !== undefined) return typeText(source.type);
  }
  // A void field of a column that is gone: all its values are null, whatever the type.
  return "int";
}

interface PartitionRecord {
  /** The Avro schema of a spec's partition values. */
  readonly schema: object;
  /** Values by the fields' names as Avro lets them be called; what is not told is null. */
  readonly toStored: (partition: object) => object;
}

/** How the partition values of a spec are stored in manifests. Columns are sought in the schemas, the first first. */
export function partitionRecordOf(spec: PartitionSpec, schemas: readonly IcebergSchema[]): PartitionRecord {
  const fields = spec.fields.map((field) => ({
    name: field.name,
    stored: avroName(field.name),
    id: field["field-id"],
    type: avroType(partitionTypeOf(field, schemas), field["field-id"]),
  }));
  return {
    schema: {
      type: "record",
      name: "r102",
      fields: fields.map(({ stored, id, type }) => ({
        name: stored,
        type: ["null", type],
        default: null,
        "field-id": id,
      })),
    },
    toStored: (partition) => {
      const values = partition as Readonly<Record<string, unknown>>;
      return Object.fromEntries(fields.map(({ name, stored }) => [stored, values[stored] ?? values[name] ?? null]));
    },
  };
}

/** Iceberg specification, Appendix A, "Avro". */
function avroType(type: string, fieldId: number): unknown {
  const fixed = (size: number) => ({ type: "fixed", name: `fixed_${fieldId}`, size });
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal !== null) {
    const [, precision = "", scale = ""] = decimal;
    const logical = { logicalType: "decimal", precision: Number(precision), scale: Number(scale) };
    return { ...fixed(decimalBytes(Number(precision))), ...logical };
  }
  if (type.startsWith("fixed[")) return fixed(Number.parseInt(type.slice(6), 10));
  if (type.startsWith("timestamp"))
    return { type: "long", logicalType: "timestamp-micros", "adjust-to-utc": type === "timestamptz" };
  switch (type) {
    case "date":
      return { type: "int", logicalType: "date" };
    case "time":
      return { type: "long", logicalType: "time-micros" };
    case "uuid":
      return { ...fixed(16), logicalType: "uuid" };
    case "binary":
      return "bytes";
    default:
      return type;
  }
}

/** The fewest bytes that hold a decimal of so many digits. */
function decimalBytes(precision: number): number {
  return Math.ceil((precision * Math.log2(10) + 1) / 8);
}

/** A name as Avro allows it, and as Iceberg's other writers make it. */
function avroName(name: string): string {
  const escaped = Array.from(name, (letter) =>
    /[A-Za-z0-9_]/.test(letter) ? letter : /\d/u.test(letter) ? `_${letter}` : `_x${hex(letter)}`,
  ).join("");
  return /^\d/.test(escaped) ? `_${escaped}` : escaped;
}

function hex(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase();
}
