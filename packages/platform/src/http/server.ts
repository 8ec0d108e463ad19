import type { RequestListener } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from "fastify";
import { isMillError, toProblem, type Logger } from "@millwright/kernel";
import { toJson } from "../commands.ts";
import { platformErrors } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { isByteStream, sendBytes } from "./byte-stream.ts";
import { streamEvents, type EventRoute } from "./event-stream.ts";
import { isFromLoopback } from "./loopback.ts";
import { openApiOf } from "./openapi.ts";
import type { Protocol } from "./protocol.ts";
import { answerNow, serveProtocol } from "./serve-protocol.ts";
import { answerRoute, type Route } from "./route.ts";

export interface HttpServerOptions {
  /** Only loopback is bound: off it nothing starts without authentication. */
  readonly host: string;
  readonly port: number;
  readonly title: string;
  readonly version: string;
  readonly routes: readonly Route[];
  readonly events: readonly EventRoute[];
  /** Those of other systems, each below its own prefix. */
  readonly protocols?: readonly Protocol[];
  readonly metrics: Metrics;
  /** Whether the process may be sent work. */
  readonly isReady: () => boolean;
  readonly pages: Pages;
  readonly logger: Logger;
}

/** The console: where it was built, and what is said while it has not been. */
interface Pages {
  folder(): string | undefined;
  readonly placeholder: string;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 16 * 2 ** 20;
/** Room for the longest text that an operation takes in its query, 8,000 characters of twelve bytes each when escaped. */
const HEADER_BYTES_MAX = 128 * 2 ** 10;
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Routes check what they are given themselves: Fastify's own checker and serializer are 120 files that need not be read. */
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify },
} as unknown as NonNullable<FastifyServerOptions["schemaController"]>;

/** Serves routes, event streams, health, metrics, OpenAPI and the console's pages. Throws `platform/port-taken`. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  if (!LOOPBACK_HOSTS.has(options.host))
    throw platformErrors.create("platform/not-loopback", { because: `the host ${options.host} was asked for` });
  const { default: Fastify } = await import("fastify");
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
    schemaController: NO_SCHEMAS,
  });
  guard(app, options.routes);
  tellErrors(app, options);
  serveOperations(app, options);
  for (const protocol of options.protocols ?? []) await serveProtocol(app, protocol);
  answerAtHand(app, options.protocols ?? []);
  await servePages(app, options.pages);
  await listen(app, options);
  const address = app.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () => app.close(),
  };
}

const GUARDS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/** What a protocol has at hand goes before all hooks and routes, which cost several times the answer. */
function answerAtHand({ server }: FastifyInstance, protocols: readonly Protocol[]): void {
  const others = server.listeners("request") as RequestListener[];
  const headers = Object.entries(GUARDS).flat();
  server.removeAllListeners("request");
  server.on("request", (request, response) => {
    if (answerNow(protocols, { request, response, headers })) return;
    for (const other of others) other(request, response);
  });
}

function guard(app: FastifyInstance, routes: readonly Route[]): void {
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers(GUARDS);
    if (!isFromLoopback(request.headers))
      throw platformErrors.create("platform/foreign-origin", {
        because: "the Host or Origin header names another place than this machine",
      });
    if (request.is404) throw refusalAt(request, { reply, routes });
  });
}

/** Nothing is at the address, or nothing for this method: then the header says for which there is. */
function refusalAt(
  { method, url }: FastifyRequest,
  { reply, routes }: { readonly reply: FastifyReply; readonly routes: readonly Route[] },
): Error {
  const path = url.split("?")[0] ?? "";
  const because = `${method} ${path.slice(0, 200)}`;
  const literal = routes.filter((route) => route.path === path);
  const matching = (route: Route) => new RegExp(`^${route.path.replaceAll(/:[A-Za-z]+/g, "[^/]+")}$`).test(path);
  const there = literal.length > 0 ? literal : routes.filter(matching);
  if (there.length === 0) return platformErrors.create("platform/unknown-address", { because });
  void reply.header(
    "allow",
    there.flatMap((route) => (route.method === "GET" ? ["GET", "HEAD"] : route.method)).join(", "),
  );
  return platformErrors.create("platform/wrong-method", { because });
}

function tellErrors(app: FastifyInstance, { logger, routes }: HttpServerOptions): void {
  app.setErrorHandler((error, request, reply) => {
    const known = isMillError(error) ? error : refusalOf(error);
    if (!isMillError(known)) logger.error({ err: error, path: request.url }, "a request failed");
    const { exit: _exit, ...problem } = toProblem(known);
    return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
  });
  app.setNotFoundHandler((request, reply) => {
    throw refusalAt(request, { reply, routes });
  });
}

/** What Fastify itself refuses (a body too large, not JSON, of another type) keeps its status; anything else is a defect. */
function refusalOf(error: unknown): unknown {
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === undefined || statusCode >= 500) return error;
  return platformErrors.create(statusCode === 413 ? "platform/too-large" : "platform/bad-request", {
    because: message ?? "the request cannot be read",
    cause: error,
  });
}

function serveOperations(app: FastifyInstance, options: HttpServerOptions): void {
  const { routes, events, metrics } = options;
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once("close", () => gone.abort());
        const { params, query, body, headers } = request;
        const asked = { params, query, body, signal: gone.signal, accept: headers.accept };
        const answer = await answerRoute(route, asked);
        if (isByteStream(answer)) return sendBytes(reply, answer);
        void reply.code(route.status);
        return typeof answer === "string" && route.contentType === "text/html"
          ? reply.type("text/html; charset=utf-8").header("cache-control", "no-store").send(answer)
          : sendJson(reply, answer);
      },
    });
  }
  for (const stream of events)
    app.get(stream.path, (_request, reply) => {
      reply.hijack();
      streamEvents(reply.raw, stream);
    });
  app.get("/api/openapi.json", (_request, reply) => sendJson(reply, openApiOf(routes, options)));
  app.get("/healthz", (_request, reply) => sendJson(reply, { live: true }));
  app.get("/readyz", (_request, reply) => {
    const ready = options.isReady();
    return sendJson(reply.code(ready ? 200 : 503), { ready });
  });
  app.get("/metrics", (_request, reply) => reply.type("text/plain; version=0.0.4").send(metrics.text()));
}

function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type("application/json").header("cache-control", "no-store").send(toJson(value, 0));
}

/** Files of the console as they are; any other address of a page is the console's, which routes it itself. */
async function servePages(app: FastifyInstance, pages: Pages): Promise<void> {
  const { default: fastifyStatic } = await import("@fastify/static");
  await app.register(fastifyStatic, { root: "/", serve: false });
  app.get("/*", (request, reply) => {
    const path = (request.params as { readonly "*": string })["*"];
    if (path.startsWith("api/")) return reply.callNotFound();
    const folder = pages.folder();
    if (folder === undefined) return reply.type("text/html").send(pages.placeholder);
    if (path.startsWith("assets/")) return reply.sendFile(path, folder, { immutable: true, maxAge: "365d" });
    return reply.header("cache-control", "no-cache").sendFile("index.html", folder, { cacheControl: false });
  });
}

async function listen(app: FastifyInstance, { host, port }: HttpServerOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const why = code === "EACCES" ? "is for the system's administrator" : "is taken by another program";
    throw platformErrors.create("platform/port-taken", { because: `port ${port} of ${host} ${why}`, cause: error });
  }
}
