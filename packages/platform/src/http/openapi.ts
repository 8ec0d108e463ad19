import type { TSchema } from "typebox";
import type { Route } from "./route.ts";

/** The OpenAPI 3.1 document of some routes. Schemas that have a title become components of that name. */
export function openApiOf(
  routes: readonly Route[],
  { title, version }: { readonly title: string; readonly version: string },
): Readonly<Record<string, unknown>> {
  const components: Record<string, unknown> = { Problem: PROBLEM };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, components);
  }
  return {
    openapi: "3.1.1",
    info: { title, version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: { schemas: components },
  };
}

function operationOf(route: Route, components: Record<string, unknown>): Readonly<Record<string, unknown>> {
  const json = (schema: TSchema) => ({ "application/json": { schema: hoist(schema, components) } });
  const bytes = route.alsoAnswers.map((type) => [type, { schema: { type: "string", format: "binary" } }] as const);
  const answer = { [route.contentType]: { schema: hoist(route.response, components) }, ...Object.fromEntries(bytes) };
  return {
    operationId: route.id,
    summary: route.summary,
    parameters: [...parametersOf(route.params, "path"), ...parametersOf(route.query, "query")],
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: json(asRequest(route.body)) } }),
    responses: {
      [route.status]: { description: "It is done.", content: answer },
      default: {
        description: "It was refused or failed: problem details (RFC 9457) with code and remedy.",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

/** A body as a caller may send it: what has a default may be left away. */
function asRequest(schema: TSchema): TSchema {
  const { properties, required } = schema as {
    readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
    readonly required?: readonly string[];
  };
  if (properties === undefined || required === undefined) return schema;
  return { ...schema, required: required.filter((name) => properties[name]?.default === undefined) } as TSchema;
}

function parametersOf(schema: TSchema, place: "path" | "query"): readonly unknown[] {
  const { properties = {}, required = [] } = plain(schema) as {
    properties?: Record<string, { description?: string; default?: unknown }>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: place,
    // What has a default may be left away.
    required: place === "path" || (required.includes(name) && inner.default === undefined),
    ...(inner.description === undefined ? {} : { description: inner.description }),
    schema: inner,
  }));
}

/** The schema as plain JSON, with each titled one put among the components and referred to. */
function hoist(schema: TSchema, components: Record<string, unknown>): unknown {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (value === null || typeof value !== "object") return value;
    const inner = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    const { title } = inner;
    if (typeof title !== "string") return inner;
    components[title] = inner;
    return { $ref: `#/components/schemas/${title}` };
  };
  return visit(plain(schema));
}

/** Without TypeBox's own hidden marks. */
function plain(schema: TSchema): unknown {
  return JSON.parse(JSON.stringify(schema));
}

const PROBLEM = {
  title: "Problem",
  type: "object",
  required: ["type", "title", "status", "detail", "code", "remedy"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "Why it happened this time." },
    code: { type: "string", description: "Stable; `mill explain CODE` says more." },
    remedy: { type: "string", description: "What to do." },
  },
} as const;
