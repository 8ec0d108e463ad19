import { Type } from "@millwright/kernel";
import { checkNamespace, namespaceKey } from "../domain/iceberg/identifiers.ts";
import { bodyOf, levelsIn, namespaceOf, pageOf, type CatalogRoute } from "./call.ts";
import { changeProperties, createNamespace, dropNamespace, listNamespaces, loadNamespace } from "./namespaces.ts";
import { json, NO_CONTENT } from "./replies.ts";

const Texts = Type.Record(Type.String(), Type.String());

export const namespaceRoutes: readonly CatalogRoute[] = [
  {
    method: "GET",
    path: "/v1/{prefix}/namespaces",
    handler: async (call) => {
      const all = await listNamespaces(call.world, levelsIn(call.request.query.get("parent")));
      const page = pageOf(call, all, namespaceKey);
      return json({ namespaces: page.items, "next-page-token": page.next });
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/namespaces",
    handler: async (call) => {
      const body = bodyOf(
        call,
        Type.Object({ namespace: Type.Array(Type.String()), properties: Type.Optional(Texts) }),
      );
      const namespace = checkNamespace(body.namespace);
      return json(await createNamespace(call.world, { namespace, properties: body.properties ?? {} }));
    },
  },
  {
    method: "GET",
    path: "/v1/{prefix}/namespaces/{namespace}",
    handler: async (call) => json(await loadNamespace(call.world, namespaceOf(call))),
  },
  {
    method: "HEAD",
    path: "/v1/{prefix}/namespaces/{namespace}",
    handler: async (call) => {
      await loadNamespace(call.world, namespaceOf(call));
      return NO_CONTENT;
    },
  },
  {
    method: "DELETE",
    path: "/v1/{prefix}/namespaces/{namespace}",
    handler: async (call) => {
      await dropNamespace(call.world, namespaceOf(call));
      return NO_CONTENT;
    },
  },
  {
    method: "POST",
    path: "/v1/{prefix}/namespaces/{namespace}/properties",
    handler: async (call) => {
      const body = bodyOf(
        call,
        Type.Object({ removals: Type.Optional(Type.Array(Type.String())), updates: Type.Optional(Texts) }),
      );
      const { removals = [], updates = {} } = body;
      return json(await changeProperties(call.world, namespaceOf(call), { removals, updates }));
    },
  },
];
