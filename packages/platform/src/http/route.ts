import { faultsOf, kernelErrors, matches, Type } from "@millwright/kernel";
import type { Static, TObject, TSchema } from "typebox";
import type { ByteStream } from "./byte-stream.ts";

/** What a handler is given: each part as its schema says it, and a signal that fires when the caller has gone. */
interface RouteRequest<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly signal: AbortSignal;
  /** The media types that the caller takes, as its Accept header says. */
  readonly accept: string | undefined;
}

/**
 * One HTTP operation as data: served by the control process, called in process by one-shot commands, described by
 * OpenAPI, and printed as the typed client.
 */
export interface Route {
  /** The operation's name, unique in the API: `listTables`. */
  readonly id: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** With `:name` for each parameter. */
  readonly path: string;
  readonly summary: string;
  readonly params: TSchema;
  readonly query: TSchema;
  readonly body: TSchema | undefined;
  readonly response: TSchema;
  /** The status of success. */
  readonly status: 200 | 202;
  /** What is answered: JSON, or a page whose text the handler gives. */
  readonly contentType: "application/json" | "text/html";
  /** The media types in which it may be answered besides, as bytes. */
  readonly alsoAnswers: readonly string[];
  handler(request: RouteRequest): Promise<unknown>;
}

/** A value as it may be answered: what a schema describes, read only or not. */
export type Answer<Value> = Value extends readonly (infer Item)[]
  ? readonly Answer<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Answer<Value[Key]> }
    : Value;

const NOTHING = Type.Object({});

export interface RouteSpec<
  Params extends TObject,
  Query extends TObject,
  Body extends TSchema,
  Response extends TSchema,
> {
  readonly id: string;
  readonly method?: Route["method"];
  readonly path: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly response: Response;
  readonly status?: Route["status"];
  readonly contentType?: Route["contentType"];
  readonly alsoAnswers?: readonly string[];
  /** Bytes, where it answers with them, are of what the schema describes or of another media type. */
  handler(
    request: RouteRequest<Static<Params>, Static<Query>, Static<Body>>,
  ): Promise<Answer<Static<Response>> | ByteStream> | Answer<Static<Response>>;
}

/** Declares a route; its handler's parts are typed by the schemas. */
export function route<
  Response extends TSchema,
  Params extends TObject = TObject<Record<never, never>>,
  Query extends TObject = TObject<Record<never, never>>,
  Body extends TSchema = TSchema,
>(spec: RouteSpec<Params, Query, Body, Response>): Route {
  return {
    id: spec.id,
    method: spec.method ?? (spec.body === undefined ? "GET" : "POST"),
    path: spec.path,
    summary: spec.summary,
    params: spec.params ?? NOTHING,
    query: spec.query ?? NOTHING,
    body: spec.body,
    response: spec.response,
    status: spec.status ?? 200,
    contentType: spec.contentType ?? "application/json",
    alsoAnswers: spec.alsoAnswers ?? [],
    handler: async (request) => spec.handler(request as RouteRequest<Static<Params>, Static<Query>, Static<Body>>),
  };
}

/** The parts of a request before they are checked. */
export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly accept?: string | undefined;
}

/** Checks a request against its route and answers it. Text in the query becomes the number or boolean asked for. */
export async function answerRoute(asked: Route, { params, query, body, signal, accept }: RawRequest): Promise<unknown> {
  const request = {
    params: read(asked.params, params, "the path"),
    query: read(asked.query, fromText(asked.query, query), "the query"),
    body: asked.body === undefined ? undefined : read(asked.body, body, "the body"),
    signal,
    accept,
  };
  return asked.handler(request);
}

/** A query's texts as what they are to be, where they are written as that. What an in-process caller gives stays as it is. */
function fromText(schema: TSchema, query: unknown): unknown {
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, { readonly type?: string }>> };
  return Object.fromEntries(
    Object.entries(query ?? {}).map(([name, value]: [string, unknown]) => {
      const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
      if (typeof value !== "string") return [name, value];
      if ((type === "integer" || type === "number") && /^-?\d+(\.\d+)?$/.test(value)) return [name, Number(value)];
      if (type === "boolean" && /^(true|false)$/.test(value)) return [name, value === "true"];
      return [name, value];
    }),
  );
}

/** With the default of each property that is absent. */
function withDefaults(schema: TSchema, value: unknown): unknown {
  const { properties = {} } = schema as {
    readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
  };
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const absent = Object.entries(properties).filter(
    ([name, property]) => property.default !== undefined && (value as Record<string, unknown>)[name] === undefined,
  );
  return { ...value, ...Object.fromEntries(absent.map(([name, property]) => [name, property.default])) };
}

function read(schema: TSchema, value: unknown, what: string): unknown {
  const filled = withDefaults(schema, value);
  if (matches(schema, filled)) return filled;
  const problems = faultsOf(schema, filled)
    .slice(0, 8)
    .map((error) => `${error.instancePath === "" ? "/" : error.instancePath} ${error.message}`);
  throw kernelErrors.create("kernel/invalid", {
    because: `${what}: ${problems.join("; ")}`,
    remedy: "Correct the named field; /api/openapi.json says what each operation takes.",
    details: { problems },
  });
}
