import { Type } from "@millwright/kernel";

export const ColumnSchema = Type.Object(
  {
    name: Type.String(),
    type: Type.String({ description: "An Iceberg type: int, string, timestamp, decimal(9,2)." }),
    nullable: Type.Optional(Type.Boolean()),
    doc: Type.Optional(Type.String()),
  },
  { title: "Column" },
);

export const ScanSchema = Type.Object(
  {
    table: Type.String(),
    files: Type.Integer({ description: "Data files that are opened." }),
    filesTotal: Type.Integer(),
    unprunedBecause: Type.Optional(
      Type.String({ description: "Why all are opened; absent where conditions were held against them." }),
    ),
  },
  { title: "TableScan", description: "Which of a table's files a statement opens." },
);

export const ResultSchema = Type.Object(
  {
    columns: Type.Array(ColumnSchema),
    rows: Type.Array(Type.Array(Type.Unknown()), {
      description: "Timestamps and decimals as text; integers beyond 2^53 as text.",
    }),
    truncated: Type.Boolean({ description: "There were more rows than were asked for." }),
    scans: Type.Optional(Type.Array(ScanSchema)),
  },
  { title: "QueryResult" },
);
