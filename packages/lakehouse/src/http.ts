import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import { lakehouseErrors } from "./errors.ts";
import type { Lakehouse, TableState } from "./lakehouse.ts";
import { ColumnSchema, ResultSchema } from "./result-schemas.ts";

const ROWS_MAX = 10_000;

const TableSchema = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union([Type.Literal("table"), Type.Literal("view")]),
    columns: Type.Array(ColumnSchema),
    sql: Type.Union([Type.String(), Type.Null()], { description: "What a view selects." }),
    snapshotId: Type.Union([Type.String(), Type.Null()]),
    rowCount: Type.Union([Type.Number(), Type.Null()]),
    bytes: Type.Union([Type.Number(), Type.Null()]),
    fileCount: Type.Union([Type.Number(), Type.Null()]),
    metadataLocation: Type.Union([Type.String(), Type.Null()], {
      description: "The table's Iceberg metadata, for readers of this machine.",
    }),
    properties: Type.Record(Type.String(), Type.String()),
    updatedAtMs: Type.Number(),
  },
  { title: "Table" },
);

const SnapshotSchema = Type.Object(
  {
    table: Type.String(),
    snapshotId: Type.String(),
    parentId: Type.Union([Type.String(), Type.Null()]),
    operation: Type.String(),
    committedAtMs: Type.Number(),
    rowCount: Type.Number(),
    summary: Type.Record(Type.String(), Type.String()),
  },
  { title: "Snapshot" },
);

const FileSpanSchema = Type.Object({
  least: Type.String(),
  most: Type.String(),
  from: Type.Number({ description: "As a share of all that the table has, from 0 to 1." }),
  to: Type.Number(),
});

const SchemaChangeSchema = Type.Object(
  {
    kind: Type.Union([
      Type.Literal("added"),
      Type.Literal("dropped"),
      Type.Literal("renamed"),
      Type.Literal("retyped"),
      Type.Literal("moved"),
      Type.Literal("optional"),
      Type.Literal("required"),
      Type.Literal("described"),
    ]),
    column: Type.String({ description: "Its name afterwards, with those around it: `address.zip`." }),
    before: Type.Union([Type.String(), Type.Null()], {
      description: "Of one renamed its name before, of one of another type that type.",
    }),
    type: Type.String(),
    keepsValues: Type.Boolean({ description: "Whether rows from before keep their values." }),
  },
  { title: "SchemaChange" },
);

const AnatomySchema = Type.Object(
  {
    snapshotId: Type.Union([Type.String(), Type.Null()]),
    fileCount: Type.Integer(),
    deleteFileCount: Type.Integer(),
    partitionedBy: Type.Union([Type.String(), Type.Null()], { description: "`day(departed_at), bucket[16](id)`" }),
    sortedBy: Type.Union([Type.String(), Type.Null()]),
    spansOf: Type.Union([Type.String(), Type.Null()], { description: "The column whose spans the files tell." }),
    files: Type.Array(
      Type.Object({
        path: Type.String(),
        rows: Type.Number(),
        bytes: Type.Number(),
        partition: Type.Union([Type.String(), Type.Null()], {
          description: "`day=2001-01-08, carrier=AA`; null where the table is not partitioned.",
        }),
        addedAtMs: Type.Union([Type.Number(), Type.Null()], {
          description: "When its snapshot was committed; null where that snapshot is forgotten.",
        }),
        deleteFiles: Type.Integer({ description: "How many delete files may take away rows of it." }),
        deletedRowsMax: Type.Integer({ description: "How many rows they take away at most." }),
        span: Type.Union([FileSpanSchema, Type.Null()], {
          description: "From where to where its values of the column of the spans reach.",
        }),
      }),
      {
        description: "Below the lake's folder, the largest first; of very many the largest.",
      },
    ),
    columns: Type.Array(
      Type.Object({
        name: Type.String(),
        type: Type.String(),
        bytes: Type.Number({ description: "As they are stored, compressed." }),
        nulls: Type.Number(),
        least: Type.Union([Type.String(), Type.Null()], {
          description: "As text; of a long text its first 16 letters. Null where the files do not say it.",
        }),
        most: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
    schemas: Type.Array(
      Type.Object({
        schemaId: Type.Integer(),
        snapshotId: Type.Union([Type.String(), Type.Null()], {
          description: "The first with these columns; null while none has been written with them.",
        }),
        sinceMs: Type.Union([Type.Number(), Type.Null()]),
        columns: Type.Array(ColumnSchema),
        changes: Type.Array(SchemaChangeSchema),
      }),
      { description: "Oldest first, each with what became of the columns before." },
    ),
    refs: Type.Array(
      Type.Object({
        name: Type.String(),
        kind: Type.Union([Type.Literal("branch"), Type.Literal("tag")]),
        snapshotId: Type.String(),
      }),
      { description: "The table's own branches and tags." },
    ),
  },
  { title: "TableAnatomy", description: "What the files of a snapshot say of themselves, without being read." },
);

const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });

const BranchQuery = Type.Optional(
  Type.String({ minLength: 1, maxLength: 64, description: "As it is on a branch, rather than on main." }),
);
const SnapshotQuery = Type.Optional(
  Type.String({ pattern: "^[0-9]{1,20}$", description: "A snapshot: the rows as they were then." }),
);

/** The tables over HTTP, of main or of a branch. The lakehouse is opened when the first of them is asked for. */
export function lakehouseRoutes(open: (branch?: string) => Promise<Lakehouse>): readonly Route[] {
  return [
    route({
      id: "listTables",
      path: "/api/v1/tables",
      summary: "The tables and views.",
      query: Type.Object({ branch: BranchQuery }),
      response: Type.Array(TableSchema),
      handler: async ({ query: { branch } }) => (await open(branch)).tables(),
    }),
    route({
      id: "showTable",
      path: "/api/v1/tables/:name",
      summary: "A table's columns and its snapshots.",
      params: NameParameter,
      query: Type.Object({ branch: BranchQuery }),
      response: Type.Object({ table: TableSchema, history: Type.Array(SnapshotSchema) }, { title: "TableWithHistory" }),
      handler: async ({ params: { name }, query: { branch } }) => {
        const lakehouse = await open(branch);
        const table = await existing(lakehouse, name);
        return { table, history: await lakehouse.history(name) };
      },
    }),
    route({
      id: "showAnatomy",
      path: "/api/v1/tables/:name/anatomy",
      summary: "A table's files, the least and most of its columns, and what its columns were.",
      params: NameParameter,
      query: Type.Object({
        at: SnapshotQuery,
        branch: BranchQuery,
        spansOf: Type.Optional(
          Type.String({ minLength: 1, maxLength: 1_000, description: "A column: its least and most in each file." }),
        ),
      }),
      response: AnatomySchema,
      handler: async ({ params: { name }, query: { at, branch, spansOf } }) => {
        const lakehouse = await open(branch);
        await existing(lakehouse, name);
        return lakehouse.anatomy(name, { snapshotId: at, spansOf });
      },
    }),
    route({
      id: "readRows",
      path: "/api/v1/tables/:name/rows",
      summary: "Some of a table's rows, in no order of their own.",
      params: NameParameter,
      query: Type.Object({
        limit: Type.Integer({ default: 100, minimum: 1, maximum: ROWS_MAX }),
        offset: Type.Integer({ default: 0, minimum: 0 }),
        at: SnapshotQuery,
        branch: BranchQuery,
      }),
      response: ResultSchema,
      handler: async ({ params: { name }, query: { limit, offset, at, branch } }) => {
        const lakehouse = await open(branch);
        await existing(lakehouse, name);
        const relation = at === undefined ? lakehouse.relation(name) : await lakehouse.relationAt(name, at);
        return lakehouse.query(`SELECT * FROM ${relation} LIMIT ${limit + 1} OFFSET ${offset}`, { maxRows: limit });
      },
    }),
  ];
}

async function existing(lakehouse: Lakehouse, name: string): Promise<TableState> {
  const table = await lakehouse.table(name);
  if (table !== undefined) return table;
  throw lakehouseErrors.create("lakehouse/unknown-table", { because: `nothing is called ${name}` });
}
