import { icebergErrors } from "../../iceberg-errors.ts";
import {
  UNPARTITIONED_LAST_ID,
  type PartitionField,
  type PartitionSpec,
  type SortField,
  type SortOrder,
} from "./metadata.ts";
import { fieldsOf, type IcebergSchema } from "./schema.ts";

const TRANSFORM = /^(?:identity|void|year|month|day|hour|bucket\[[1-9]\d{0,8}\]|truncate\[[1-9]\d{0,8}\])$/;
const TIMES: ReadonlySet<string> = new Set(["timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns"]);
const BUCKETED =
  /^(?:int|long|decimal\(.*\)|date|time|timestamp|timestamptz|timestamp_ns|timestamptz_ns|string|uuid|fixed\[\d+\]|binary)$/;
const TRUNCATED = /^(?:int|long|decimal\(.*\)|string|binary)$/;

/** A partition field before it has an id. */
export type UnboundPartitionField = Omit<PartitionField, "field-id"> & { readonly "field-id"?: number };

/** A spec of a schema's columns; fields without an id get the next. Throws `iceberg/bad-request`, `iceberg/invalid-change`. */
export function bindSpec(
  given: { readonly fields: readonly UnboundPartitionField[] },
  { schema, specId, lastId }: { readonly schema: IcebergSchema; readonly specId: number; readonly lastId: number },
): { readonly spec: PartitionSpec; readonly lastId: number } {
  const columns = fieldsOf(schema);
  const byName = new Map(columns.map((column) => [column.name, column]));
  const names = new Set<string>();
  let last = Math.max(lastId, UNPARTITIONED_LAST_ID);
  const fields = given.fields.map((field): PartitionField => {
    checkTransform(field, columns);
    if (names.has(field.name)) throw bad(`Cannot use partition name more than once: ${field.name}`);
    names.add(field.name);
    const column = byName.get(field.name);
    const isOwn = field.transform === "identity" && column?.id === field["source-id"];
    if (column !== undefined && !isOwn && field.transform !== "void")
      throw bad(`Cannot create partition from name that exists in schema: ${field.name}`);
    const id = field["field-id"] ?? last + 1;
    last = Math.max(last, id);
    return { "source-id": field["source-id"], "field-id": id, name: field.name, transform: field.transform };
  });
  return { spec: { "spec-id": specId, fields }, lastId: last };
}

function checkTransform(
  field: { readonly "source-id": number; readonly transform: string; readonly name?: string },
  columns: ReturnType<typeof fieldsOf>,
): void {
  const { transform } = field;
  const source = columns.find(({ id }) => id === field["source-id"]);
  if (!TRANSFORM.test(transform)) throw bad(`Unknown transform: ${transform.slice(0, 100)}`);
  if (source === undefined) {
    if (transform === "void") return;
    throw invalid(
      `Cannot find source column for partition field: ${field.name ?? ""} (source id ${field["source-id"]})`,
    );
  }
  const { type } = source;
  if (typeof type !== "string") throw invalid(`Cannot partition by non-primitive source field: ${source.name}`);
  if (!takes(transform, type)) throw invalid(`Invalid source type ${type} for transform: ${transform}`);
}

function takes(transform: string, type: string): boolean {
  if (transform.startsWith("bucket")) return BUCKETED.test(type);
  if (transform.startsWith("truncate")) return TRUNCATED.test(type);
  if (transform === "hour") return TIMES.has(type);
  if (transform === "identity" || transform === "void") return true;
  return type === "date" || TIMES.has(type);
}

/** Whether two specs partition alike, whatever their ids. */
export function isSamePartitioning(one: { fields: PartitionSpec["fields"] }, other: PartitionSpec): boolean {
  const shape = ({ fields }: { fields: PartitionSpec["fields"] }) =>
    JSON.stringify(fields.map((field) => [field["source-id"], field.transform, field.name]));
  return shape(one) === shape(other);
}

/** A sort order of a schema's columns. Throws `iceberg/invalid-change`. */
export function bindOrder(
  given: { readonly fields: readonly SortField[] },
  { schema, orderId }: { readonly schema: IcebergSchema; readonly orderId: number },
): SortOrder {
  const columns = fieldsOf(schema);
  for (const field of given.fields) checkTransform(field, columns);
  return { "order-id": given.fields.length === 0 ? 0 : orderId, fields: given.fields };
}

export function isSameOrder(one: { fields: SortOrder["fields"] }, other: SortOrder): boolean {
  const shape = ({ fields }: { fields: SortOrder["fields"] }) =>
    JSON.stringify(fields.map((field) => [field["source-id"], field.transform, field.direction, field["null-order"]]));
  return shape(one) === shape(other);
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}

function invalid(because: string): Error {
  return icebergErrors.create("iceberg/invalid-change", { because });
}
