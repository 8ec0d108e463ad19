import type { PartitionSpec, SortOrder } from "./metadata.ts";
import { fieldsOf, type IcebergSchema } from "./schema.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A partition as people write it: `departed_at_day=2001-01-08, carrier=AA`; null where nothing is partitioned by. */
export function partitionText(partition: object, spec: PartitionSpec | undefined): string | null {
  const fields = (spec?.fields ?? []).filter(({ transform }) => transform !== "void");
  if (fields.length === 0) return null;
  const values = partition as Readonly<Record<string, unknown>>;
  return fields.map(({ name, transform }) => `${name}=${valueText(values[name], transform)}`).join(", ");
}

function valueText(value: unknown, transform: string): string {
  if (value === null || value === undefined) return "null";
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  const count = Number(value);
  // As the specification counts them: from 1970 on.
  if (transform === "year") return String(1970 + count);
  if (transform === "month") return new Date(Date.UTC(1970, count)).toISOString().slice(0, 7);
  if (transform === "day") return new Date(count * DAY_MS).toISOString().slice(0, 10);
  if (transform === "hour") return new Date(count * HOUR_MS).toISOString().slice(0, 13).replace("T", " ");
  return String(value as number | bigint | string | boolean);
}

/** `day(departed_at), bucket[16](id)`; null where the table is not partitioned. */
export function specText(spec: PartitionSpec | undefined, schema: IcebergSchema | undefined): string | null {
  const fields = (spec?.fields ?? []).filter(({ transform }) => transform !== "void");
  return fields.length === 0 ? null : fields.map((field) => transformed(field, schema)).join(", ");
}

/** `departed_at asc`; null where rows are in no order of the table's own. */
export function orderText(order: SortOrder | undefined, schema: IcebergSchema | undefined): string | null {
  const fields = order?.fields ?? [];
  return fields.length === 0
    ? null
    : fields.map((field) => `${transformed(field, schema)} ${field.direction}`).join(", ");
}

function transformed(
  field: { readonly "source-id": number; readonly transform: string },
  schema: IcebergSchema | undefined,
): string {
  const column = schema === undefined ? undefined : fieldsOf(schema).find(({ id }) => id === field["source-id"]);
  const name = column?.name ?? `column ${field["source-id"]}`;
  return field.transform === "identity" ? name : `${field.transform}(${name})`;
}
