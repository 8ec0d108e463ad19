import { Type } from "@millwright/kernel";
import type { ProtocolReply } from "@millwright/platform";
import type { TSchema } from "typebox";
import { checkIdentifier, type Identifier } from "../domain/iceberg/identifiers.ts";
import { OrderSchema, SpecSchema } from "../domain/iceberg/table-updates.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import { bodyOf, identifierOf, namespaceOf, pageOf, type Call, type CatalogRoute } from "./call.ts";
import { purgeTable } from "../care/purge.ts";
import { commitTables, type LoadedTable } from "./commit-tables.ts";
import { loadReply } from "./load-reply.ts";
import { json, NO_CONTENT } from "./replies.ts";
import { createTable, dropTable, listIn, locateTable, registerTable, rename, stagedTable } from "./tables.ts";

const Texts = Type.Record(Type.String(), Type.String());
const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Optional(Type.Union([schema, Type.Null()]));

const CreateSchema = Type.Object({
  name: Type.String(),
  location: Nullable(Type.String()),
  schema: Type.Unknown(),
  "partition-spec": Nullable(SpecSchema),
  "write-order": Nullable(OrderSchema),
  "stage-create": Nullable(Type.Boolean()),
  properties: Nullable(Texts),
});

export const IdentifierSchema = Type.Object({ namespace: Type.Array(Type.String()), name: Type.String() });

const Typed = Type.Object({ type: Type.String() });
const Action = Type.Object({ action: Type.String() });

export const CommitSchema = Type.Object({
  identifier: Type.Optional(IdentifierSchema),
  requirements: Type.Optional(Type.Array(Typed)),
  updates: Type.Array(Action),
});

const TransactionSchema = Type.Object({ "table-changes": Type.Array(CommitSchema) });

const RegisterSchema = Type.Object({
  name: Type.String(),
  "metadata-location": Type.String(),
  overwrite: Type.Optional(Type.Boolean()),
});

export const tableRoutes: readonly CatalogRoute[] = [
  {
    method: "GET",
    path: "/v1/{prefix}/namespaces/{namespace}/tables",
    handler: async (call) => {
      const page = pageOf(call, await listIn(call.world, namespaceOf(call), "table"), ({ name }) => name);
      return json({ identifiers: page.items, "next-page-token": page.next });
    },
  },
  { method: "POST", path: "/v1/{prefix}/namespaces/{namespace}/tables", handler: create },
  {
    method: "GET",
    path: "/v1/{prefix}/namespaces/{namespace}/tables/{table}",
    isLoad: true,
    handler: async (call) => loadReply(call, await locateTable(call.world, identifierOf(call))),
  },
  {
    method: "HEAD",
    path: "/v1/{prefix}/namespaces/{namespace}/tables/{table}",
    handler: async (call) => {
      await locateTable(call.world, identifierOf(call));
      return NO_CONTENT;
    },
  },
  { method: "POST", path: "/v1/{prefix}/namespaces/{namespace}/tables/{table}", handler: commit },
  {
    method: "DELETE",
    path: "/v1/{prefix}/namespaces/{namespace}/tables/{table}",
    handler: async (call) => {
      const purges = call.request.query.get("purgeRequested")?.toLowerCase() === "true";
      await (purges ? purgeTable : dropTable)(call.world, identifierOf(call));
      return NO_CONTENT;
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/namespaces/{namespace}/register",
    handler: async (call) => {
      const { name, "metadata-location": metadataLocation, overwrite = false } = bodyOf(call, RegisterSchema);
      const identifier = checkIdentifier({ namespace: namespaceOf(call), name });
      return tableReply(await registerTable(call.world, { identifier, metadataLocation, overwrite }));
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics",
    handler: async (call) => {
      const identifier = identifierOf(call);
      const report = bodyOf(call, Type.Object({ "report-type": Type.String() }));
      await locateTable(call.world, identifier);
      call.world.logger.info({ table: identifier, report }, "a client's report of its scan or commit");
      return NO_CONTENT;
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/tables/rename",
    handler: async (call) => {
      const body = bodyOf(call, Type.Object({ source: IdentifierSchema, destination: IdentifierSchema }));
      const source = checkIdentifier(body.source);
      await rename(call.world, { source, destination: checkIdentifier(body.destination), kind: "Table" });
      return NO_CONTENT;
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/transactions/commit",
    handler: async (call) => {
      const changes = bodyOf(call, TransactionSchema)["table-changes"].map(
        ({ identifier, requirements = [], updates }) => {
          if (identifier === undefined) throw bad("Invalid transaction: a change names no table");
          return { identifier: checkIdentifier(identifier), requirements, updates };
        },
      );
      refuseRepeated(changes.map(({ identifier }) => identifier));
      await commitTables(call.world, changes);
      return NO_CONTENT;
    },
  },
];

async function create(call: Call): Promise<ProtocolReply> {
  const body = bodyOf(call, CreateSchema);
  const request = {
    identifier: checkIdentifier({ namespace: namespaceOf(call), name: body.name }),
    schema: body.schema,
    location: body.location ?? undefined,
    spec: body["partition-spec"] ?? undefined,
    order: body["write-order"] ?? undefined,
    properties: body.properties ?? {},
  };
  if (body["stage-create"] !== true) return tableReply(await createTable(call.world, request));
  return json({ metadata: await stagedTable(call.world, request), config: {} });
}

async function commit(call: Call): Promise<ProtocolReply> {
  const { requirements = [], updates } = bodyOf(call, CommitSchema);
  const [table] = await commitTables(call.world, [{ identifier: identifierOf(call), requirements, updates }]);
  if (table === undefined) throw new Error("a commit of one table answered with none");
  return json({ "metadata-location": table.metadataLocation, metadata: table.metadata });
}

function tableReply({ metadataLocation, metadata }: LoadedTable): ProtocolReply {
  return json({ "metadata-location": metadataLocation, metadata, config: {} });
}

function refuseRepeated(identifiers: readonly Identifier[]): void {
  const names = identifiers.map((identifier) => JSON.stringify(identifier));
  if (new Set(names).size < names.length) throw bad("Invalid transaction: a table is named twice");
}

function bad(because: string): Error {
  return icebergErrors.create("iceberg/bad-request", { because });
}
