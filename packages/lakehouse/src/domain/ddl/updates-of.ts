import { refused } from "../dml/cursor.ts";
import { lakehouseErrors } from "../../errors.ts";
import { currentSchema, type IcebergMetadata } from "../iceberg/metadata.ts";
import { fieldsOf, typeText, type IcebergSchema } from "../iceberg/schema.ts";
import type { TableUpdate } from "../iceberg/table-updates.ts";
import { orderFields, withoutPartition, withPartition, type PartitionedTable } from "./edit-partitioning.ts";
import * as edits from "./edit-schema.ts";
import type { ColumnDefinition, TableChange } from "./statement.ts";

/** What a change of a table is in the catalog's protocol. Throws `lakehouse/unsupported-statement`, `lakehouse/unknown-column`. */
export function updatesOf(
  metadata: IcebergMetadata,
  change: Exclude<TableChange, { kind: "rename" }>,
): readonly TableUpdate[] {
  const schema = currentSchema(metadata);
  const spec = metadata["partition-specs"].find((one) => one["spec-id"] === metadata["default-spec-id"]);
  if (schema === undefined || spec === undefined) throw new Error("the table has no current schema or partition spec");
  return updatesWith({ metadata, schema, spec }, change);
}

function updatesWith(
  table: PartitionedTable,
  change: Exclude<TableChange, { kind: "rename" }>,
): readonly TableUpdate[] {
  const { schema, metadata } = table;
  switch (change.kind) {
    case "add-columns":
      return toSchema(added(metadata, schema, change.columns));
    case "drop-columns":
      return toSchema(change.columns.reduce(dropped(table), schema));
    case "rename-column":
      return toSchema(edits.renameColumn(schema, change.column, change.to));
    case "retype-column":
      return toSchema(retyped(table, change));
    case "comment-column":
      return toSchema(edits.commentColumn(schema, change.column, change.doc));
    case "move-column":
      return toSchema(edits.moveColumn(schema, change.column, change.place));
    case "drop-not-null":
      return toSchema(edits.dropNotNull(schema, change.column));
    case "identifiers":
      return toSchema(identified(schema, change));
    case "add-partition":
      return toSpec(withPartition(table, change));
    case "drop-partition":
      return toSpec(withoutPartition(table, change.term));
    case "replace-partition": {
      const fields = withoutPartition(table, change.term);
      const spec = { ...table.spec, fields: fields as PartitionedTable["spec"]["fields"] };
      return toSpec(withPartition({ ...table, spec }, { term: change.by, name: change.name }));
    }
    case "order":
      return [
        { action: "add-sort-order", "sort-order": { fields: orderFields(change.order, schema) } },
        { action: "set-default-sort-order", "sort-order-id": -1 },
        { action: "set-properties", updates: { "write.distribution-mode": change.distribution } },
      ];
    case "set-properties":
      return propertyUpdates(metadata, change.properties);
    case "unset-properties":
      return [{ action: "remove-properties", removals: change.names }];
  }
}

/** The format's version is said as a property, and kept elsewhere. */
function propertyUpdates(
  metadata: IcebergMetadata,
  { "format-version": version, ...properties }: Readonly<Record<string, string>>,
): readonly TableUpdate[] {
  const upgrade = Number(version ?? metadata["format-version"]);
  return [
    ...(upgrade === metadata["format-version"]
      ? []
      : [{ action: "upgrade-format-version", "format-version": upgrade }]),
    ...(Object.keys(properties).length === 0 ? [] : [{ action: "set-properties", updates: properties }]),
  ];
}

function toSchema(schema: IcebergSchema): readonly TableUpdate[] {
  return [
    { action: "add-schema", schema },
    { action: "set-current-schema", "schema-id": -1 },
  ];
}

function toSpec(fields: readonly object[]): readonly TableUpdate[] {
  return [
    { action: "add-spec", spec: { fields } },
    { action: "set-default-spec", "spec-id": -1 },
  ];
}

/** A decimal's partition values are stored in bytes by its digits: those that there are would be others. */
function retyped(
  { metadata, schema }: PartitionedTable,
  { column, type }: Extract<TableChange, { kind: "retype-column" }>,
): IcebergSchema {
  const edited = edits.retypeColumn(schema, column, type);
  const sources = new Set(metadata["partition-specs"].flatMap(({ fields }) => fields.map((one) => one["source-id"])));
  const types = new Map(fieldsOf(schema).map((field) => [field.id, typeText(field.type)]));
  const isOther = fieldsOf(edited).some(
    ({ id, type: now }) => sources.has(id) && typeText(now).startsWith("decimal") && typeText(now) !== types.get(id),
  );
  if (isOther) throw refused(`the table is, or was, partitioned by the decimal ${column}`);
  return edited;
}

function added(metadata: IcebergMetadata, schema: IcebergSchema, columns: readonly ColumnDefinition[]): IcebergSchema {
  let [edited, lastId] = [schema, metadata["last-column-id"]];
  for (const column of columns) ({ schema: edited, lastId } = edits.addColumn(edited, column, lastId));
  return edited;
}

/** What partitions, orders or identifies rows now must be let go of first. */
function dropped({ metadata, spec }: PartitionedTable) {
  const order = metadata["sort-orders"].find((one) => one["order-id"] === metadata["default-sort-order-id"]);
  const used = new Set([...spec.fields, ...(order?.fields ?? [])].map((field) => field["source-id"]));
  return (schema: IcebergSchema, column: string): IcebergSchema => {
    const after = edits.dropColumn(schema, column);
    const left = new Set(fieldsOf(after).map(({ id }) => id));
    const gone = fieldsOf(schema).filter(({ id }) => !left.has(id));
    if (gone.some(({ id }) => used.has(id))) throw refused(`the table is partitioned or ordered by ${column}`);
    if (gone.some(({ id }) => (schema["identifier-field-ids"] ?? []).includes(id)))
      throw refused(`${column} is an identifier field: drop identifier fields ${column}`);
    return after;
  };
}

function identified(
  schema: IcebergSchema,
  { columns, adds }: { readonly columns: readonly string[]; readonly adds: boolean },
): IcebergSchema {
  const ids = columns.map((column) => {
    const field = fieldsOf(schema).find(({ name }) => name === column);
    if (field === undefined)
      throw lakehouseErrors.create("lakehouse/unknown-column", { because: `the table has no column ${column}` });
    return field.id;
  });
  const kept = (schema["identifier-field-ids"] ?? []).filter((id) => !ids.includes(id));
  return { ...schema, "identifier-field-ids": adds ? ids : kept };
}
