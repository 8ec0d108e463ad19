import { Type } from "@millwright/kernel";
import type { ProtocolReply } from "@millwright/platform";
import { checkIdentifier } from "../domain/iceberg/identifiers.ts";
import { ViewVersionSchema } from "../domain/iceberg/view-metadata.ts";
import { bodyOf, identifierOf, namespaceOf, pageOf, type CatalogRoute } from "./call.ts";
import { loadReply } from "./load-reply.ts";
import { json, NO_CONTENT } from "./replies.ts";
import { CommitSchema, IdentifierSchema } from "./table-routes.ts";
import { listIn, rename } from "./tables.ts";
import { changeView, createView, dropView, locateView, type LoadedView } from "./views.ts";

const CreateSchema = Type.Object({
  name: Type.String(),
  location: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  schema: Type.Unknown(),
  "view-version": ViewVersionSchema,
  properties: Type.Optional(Type.Record(Type.String(), Type.String())),
});

export const viewRoutes: readonly CatalogRoute[] = [
  {
    method: "GET",
    path: "/v1/{prefix}/namespaces/{namespace}/views",
    handler: async (call) => {
      const page = pageOf(call, await listIn(call.world, namespaceOf(call), "view"), ({ name }) => name);
      return json({ identifiers: page.items, "next-page-token": page.next });
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/namespaces/{namespace}/views",
    handler: async (call) => {
      const body = bodyOf(call, CreateSchema);
      const view = await createView(call.world, {
        identifier: checkIdentifier({ namespace: namespaceOf(call), name: body.name }),
        schema: body.schema,
        version: body["view-version"],
        location: body.location ?? undefined,
        properties: body.properties ?? {},
      });
      return viewReply(view);
    },
  },
  {
    method: "GET",
    path: "/v1/{prefix}/namespaces/{namespace}/views/{view}",
    handler: async (call) => loadReply(call, await locateView(call.world, identifierOf(call))),
  },
  {
    method: "HEAD",
    path: "/v1/{prefix}/namespaces/{namespace}/views/{view}",
    handler: async (call) => {
      await locateView(call.world, identifierOf(call));
      return NO_CONTENT;
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/namespaces/{namespace}/views/{view}",
    handler: async (call) => {
      const { requirements = [], updates } = bodyOf(call, CommitSchema);
      return viewReply(await changeView(call.world, { identifier: identifierOf(call), requirements, updates }));
    },
  },
  {
    method: "DELETE",
    path: "/v1/{prefix}/namespaces/{namespace}/views/{view}",
    handler: async (call) => {
      await dropView(call.world, identifierOf(call));
      return NO_CONTENT;
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/views/rename",
    handler: async (call) => {
      const body = bodyOf(call, Type.Object({ source: IdentifierSchema, destination: IdentifierSchema }));
      const source = checkIdentifier(body.source);
      await rename(call.world, { source, destination: checkIdentifier(body.destination), kind: "View" });
      return NO_CONTENT;
    },
  },
];

function viewReply({ metadataLocation, metadata }: LoadedView): ProtocolReply {
  return json({ "metadata-location": metadataLocation, metadata, config: {} });
}
