// The Avro schemas of Iceberg v2 manifests and manifest lists, with the field ids of the specification
// (https://iceberg.apache.org/spec/#manifests and #manifest-lists).

const optional = (type: unknown): readonly unknown[] => ["null", type];

const mapOf = (keyId: number, valueId: number, value: "long" | "bytes"): object => ({
  type: "array",
  logicalType: "map",
  items: {
    type: "record",
    name: `k${keyId}_v${valueId}`,
    fields: [
      { name: "key", type: "int", "field-id": keyId },
      { name: "value", type: value, "field-id": valueId },
    ],
  },
});

const field = (name: string, type: unknown, id: number): object =>
  Array.isArray(type) ? { name, type, default: null, "field-id": id } : { name, type, "field-id": id };

const listOf = (elementId: number, items: string): object => ({ type: "array", items, "element-id": elementId });

const dataFile = (partition: object): object => ({
  type: "record",
  name: "r2",
  fields: [
    field("content", "int", 134),
    field("file_path", "string", 100),
    field("file_format", "string", 101),
    field("partition", partition, 102),
    field("record_count", "long", 103),
    field("file_size_in_bytes", "long", 104),
    field("column_sizes", optional(mapOf(117, 118, "long")), 108),
    field("value_counts", optional(mapOf(119, 120, "long")), 109),
    field("null_value_counts", optional(mapOf(121, 122, "long")), 110),
    field("nan_value_counts", optional(mapOf(138, 139, "long")), 137),
    field("lower_bounds", optional(mapOf(126, 127, "bytes")), 125),
    field("upper_bounds", optional(mapOf(129, 130, "bytes")), 128),
    field("key_metadata", optional("bytes"), 131),
    field("split_offsets", optional(listOf(133, "long")), 132),
    field("equality_ids", optional(listOf(136, "int")), 135),
    field("sort_order_id", optional("int"), 140),
    field("referenced_data_file", optional("string"), 143),
  ],
});

/** The schema of manifests whose files' partitions are such records. */
export const manifestSchemaOf = (partition: object): object => ({
  type: "record",
  name: "manifest_entry",
  fields: [
    field("status", "int", 0),
    field("snapshot_id", optional("long"), 1),
    field("sequence_number", optional("long"), 3),
    field("file_sequence_number", optional("long"), 4),
    field("data_file", dataFile(partition), 2),
  ],
});

const FIELD_SUMMARY = {
  type: "record",
  name: "r508",
  fields: [
    field("contains_null", "boolean", 509),
    field("contains_nan", optional("boolean"), 518),
    field("lower_bound", optional("bytes"), 510),
    field("upper_bound", optional("bytes"), 511),
  ],
};

export const MANIFEST_LIST_SCHEMA = {
  type: "record",
  name: "manifest_file",
  fields: [
    field("manifest_path", "string", 500),
    field("manifest_length", "long", 501),
    field("partition_spec_id", "int", 502),
    field("content", "int", 517),
    field("sequence_number", "long", 515),
    field("min_sequence_number", "long", 516),
    field("added_snapshot_id", "long", 503),
    field("added_files_count", "int", 504),
    field("existing_files_count", "int", 505),
    field("deleted_files_count", "int", 506),
    field("added_rows_count", "long", 512),
    field("existing_rows_count", "long", 513),
    field("deleted_rows_count", "long", 514),
    field("partitions", optional({ type: "array", items: FIELD_SUMMARY, "element-id": 508 }), 507),
    field("key_metadata", optional("bytes"), 519),
  ],
};
