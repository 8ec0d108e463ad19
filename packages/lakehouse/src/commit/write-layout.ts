import { orderFields, partitionFields } from "../domain/ddl/edit-partitioning.ts";
import { readOrder, readTerm } from "../domain/ddl/read-terms.ts";
import type { OrderTerm, TransformTerm } from "../domain/ddl/statement.ts";
import { Cursor } from "../domain/dml/cursor.ts";
import {
  UNPARTITIONED_LAST_ID,
  withUnpartitioned,
  type IcebergMetadata,
  type PartitionSpec,
  type SortOrder,
} from "../domain/iceberg/metadata.ts";
import { bindOrder, bindSpec, isSameOrder, isSamePartitioning } from "../domain/iceberg/partitioning.ts";
import { fieldsOf, type IcebergSchema } from "../domain/iceberg/schema.ts";
import type { WriteRequest } from "./write-request.ts";

/** How the files of a write are laid out, and what the table's metadata says of it afterwards. */
export interface WriteLayout {
  readonly spec: PartitionSpec;
  readonly order: SortOrder | undefined;
  readonly metadata: Pick<
    IcebergMetadata,
    "partition-specs" | "default-spec-id" | "last-partition-id" | "sort-orders" | "default-sort-order-id"
  >;
}

type Asked = Pick<WriteRequest, "partitionBy" | "sortBy">;

/**
 * What a write asks for, or else what the table has, as long as the columns it stands on are there. Throws
 * `lakehouse/unsupported-statement`, `lakehouse/unknown-column`, `iceberg/invalid-change`.
 */
export function layoutOf(
  base: IcebergMetadata | undefined,
  { schema, request }: { readonly schema: IcebergSchema; readonly request: Asked },
): WriteLayout {
  const { specs } = withUnpartitioned(base?.["partition-specs"] ?? []);
  const lastId = base?.["last-partition-id"] ?? UNPARTITIONED_LAST_ID;
  const partition = request.partitionBy === undefined ? undefined : readAll(request.partitionBy, readTerm);
  const { spec, last } = specFor({ base, schema, specs, lastId, partition });
  const orders = withUnsorted(base?.["sort-orders"] ?? []);
  const sort = request.sortBy === undefined ? undefined : readAll(request.sortBy, readOrder).flat();
  const order = orderFor({ base, schema, orders, sort });
  return {
    spec,
    order: order["order-id"] === 0 ? undefined : order,
    metadata: {
      "partition-specs": specs.includes(spec) ? specs : [...specs, spec],
      "default-spec-id": spec["spec-id"],
      "last-partition-id": last,
      "sort-orders": orders.includes(order) ? orders : [...orders, order],
      "default-sort-order-id": order["order-id"],
    },
  };
}

interface SpecOf {
  readonly base: IcebergMetadata | undefined;
  readonly schema: IcebergSchema;
  readonly specs: readonly PartitionSpec[];
  readonly lastId: number;
  readonly partition: readonly TransformTerm[] | undefined;
}

function specFor({ base, schema, specs, lastId, partition }: SpecOf): { spec: PartitionSpec; last: number } {
  const plain = specs.find(({ fields }) => fields.length === 0) ?? { "spec-id": 0, fields: [] };
  if (partition === undefined) {
    const present = specs.find((one) => one["spec-id"] === base?.["default-spec-id"]);
    return { spec: present !== undefined && stands(present, schema) ? present : plain, last: lastId };
  }
  if (partition.length === 0) return { spec: plain, last: lastId };
  const specId = Math.max(-1, ...specs.map((one) => one["spec-id"])) + 1;
  const bound = bindSpec({ fields: partitionFields(partition, schema) }, { schema, specId, lastId });
  const same = specs.find((one) => isSamePartitioning(bound.spec, one));
  return same === undefined ? { spec: bound.spec, last: bound.lastId } : { spec: same, last: lastId };
}

interface OrderOf {
  readonly base: IcebergMetadata | undefined;
  readonly schema: IcebergSchema;
  readonly orders: readonly SortOrder[];
  readonly sort: readonly OrderTerm[] | undefined;
}

function orderFor({ base, schema, orders, sort }: OrderOf): SortOrder {
  const unsorted = orders.find((one) => one["order-id"] === 0) ?? { "order-id": 0, fields: [] };
  if (sort === undefined) {
    const present = orders.find((one) => one["order-id"] === base?.["default-sort-order-id"]);
    return present !== undefined && stands(present, schema) ? present : unsorted;
  }
  const orderId = Math.max(0, ...orders.map((one) => one["order-id"])) + 1;
  const bound = bindOrder({ fields: orderFields(sort, schema) }, { schema, orderId });
  return orders.find((one) => isSameOrder(bound, one)) ?? bound;
}

function withUnsorted(orders: readonly SortOrder[]): readonly SortOrder[] {
  return orders.some((one) => one["order-id"] === 0) ? orders : [{ "order-id": 0, fields: [] }, ...orders];
}

function stands(
  { fields }: { readonly fields: readonly { readonly "source-id": number }[] },
  schema: IcebergSchema,
): boolean {
  const ids = new Set(fieldsOf(schema).map(({ id }) => id));
  return fields.every((field) => ids.has(field["source-id"]));
}

/** Each text is one term, or several with commas between. */
function readAll<Term>(texts: readonly string[], read: (cursor: Cursor) => Term): readonly Term[] {
  return texts.flatMap((text) => {
    const cursor = new Cursor(text);
    const terms = [read(cursor)];
    while (cursor.takesSign(",")) terms.push(read(cursor));
    if (!cursor.isDone) throw cursor.unexpected("its end");
    return terms;
  });
}
