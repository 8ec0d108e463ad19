import { refused } from "../dml/cursor.ts";
import { lakehouseErrors } from "../../errors.ts";
import type { IcebergMetadata, PartitionSpec, SortField } from "../iceberg/metadata.ts";
import type { UnboundPartitionField } from "../iceberg/partitioning.ts";
import { fieldsOf, type IcebergSchema } from "../iceberg/schema.ts";
import type { OrderTerm, TransformTerm } from "./statement.ts";

/** The fields of a new table's partitioning, named as the reference's writers name them: `day` of `at` is `at_day`. */
export function partitionFields(
  terms: readonly TransformTerm[],
  schema: IcebergSchema,
): readonly UnboundPartitionField[] {
  return terms.map((term) => unbound(term, { schema, name: undefined }));
}

/** The fields of a sort order. */
export function orderFields(terms: readonly OrderTerm[], schema: IcebergSchema): readonly SortField[] {
  return terms.map(({ transform, column, direction, nullOrder }) => ({
    transform,
    "source-id": idOf(schema, column),
    direction,
    "null-order": nullOrder,
  }));
}

interface Named {
  readonly schema: IcebergSchema;
  readonly name: string | undefined;
}

function unbound(term: TransformTerm, { schema, name }: Named): UnboundPartitionField {
  const { transform, column } = term;
  return { "source-id": idOf(schema, column), transform, name: name ?? nameFor(term) };
}

function nameFor({ transform, column }: TransformTerm): string {
  if (transform === "identity") return column;
  const word = transform.replace(/\[.*/, "");
  const short = word === "truncate" ? "trunc" : word;
  return `${column}_${short}`;
}

function idOf(schema: IcebergSchema, column: string): number {
  const all = fieldsOf(schema);
  const found =
    all.find(({ name }) => name === column) ?? all.find(({ name }) => name.toLowerCase() === column.toLowerCase());
  if (found !== undefined) return found.id;
  throw lakehouseErrors.create("lakehouse/unknown-column", {
    because: `the table has no column ${column.slice(0, 200)}`,
  });
}

/** One more field. A field that the table had before has its id again. */
export function withPartition(
  { metadata, spec, schema }: PartitionedTable,
  { term, name }: { readonly term: TransformTerm; readonly name: string | undefined },
): readonly UnboundPartitionField[] {
  const field = unbound(term, { schema, name });
  if (spec.fields.some((one) => isSame(one, field)))
    throw refused(`the table is partitioned by ${term.column} in this way already`);
  const before = metadata["partition-specs"].flatMap(({ fields }) => fields).find((one) => isSame(one, field));
  return [...spec.fields, { ...field, ...(before === undefined ? {} : { "field-id": before["field-id"] }) }];
}

/** Without a field, told by its own name or by what it is of. In the format's first version its place stays, void. */
export function withoutPartition(
  { metadata, spec, schema }: PartitionedTable,
  term: TransformTerm,
): readonly UnboundPartitionField[] {
  const gone =
    (term.transform === "identity" ? spec.fields.find(({ name }) => name === term.column) : undefined) ??
    spec.fields.find((one) => isSame(one, unbound(term, { schema, name: undefined })));
  if (gone === undefined) throw refused(`the table is not partitioned by ${term.column} in this way`);
  if (metadata["format-version"] > 1) return spec.fields.filter((one) => one !== gone);
  return spec.fields.map((one) => (one === gone ? { ...one, transform: "void" } : one));
}

export interface PartitionedTable {
  readonly metadata: IcebergMetadata;
  readonly spec: PartitionSpec;
  readonly schema: IcebergSchema;
}

function isSame(one: UnboundPartitionField, other: UnboundPartitionField): boolean {
  return one["source-id"] === other["source-id"] && one.transform === other.transform;
}
