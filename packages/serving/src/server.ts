import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isMillError, toProblem } from "@millwright/kernel";
import { isFromLoopback } from "@millwright/platform";
import { servingErrors } from "./errors.ts";
import { answerInfer } from "./infer.ts";
import { openApiOfServices } from "./openapi/service-document.ts";
import { readObject } from "./request-body.ts";
import { serverRoutes, serviceRoutes } from "./routes.ts";
import { ServingState, type ServingPlaces } from "./serving-state.ts";

export interface ServingOptions extends ServingPlaces {
  readonly host: string;
  readonly port: number;
  /** Of this release, as `/v2` tells it. */
  readonly version: string;
}

export interface Serving {
  readonly port: number;
  close(): Promise<void>;
}

const DRAIN_MS_MAX = 1_000;

/** Starts serving what the deployment file says, and goes on serving it while that changes. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const state = new ServingState(options);
  const { version } = options;
  await state.reload();
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    respond({ state, version, request, response }).catch((error: unknown) => fail(response, error));
  });
  await listen(server, options);
  const stopWatching = state.watch();
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: async () => {
      stopWatching();
      await drain(server);
      state.close();
    },
  };
}

/** Answers what has been asked; a caller who does not end in time is cut off. */
async function drain(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS_MAX);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function listen(server: Server, { host, port }: ServingOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
interface Call {
  readonly state: ServingState;
  readonly version: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const SERVICE = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/[^/]+)?$/;

async function respond(call: Call): Promise<void> {
  const { request } = call;
  if (!isFromLoopback(request.headers))
    throw servingErrors.create("serving/foreign-caller", { because: "only this machine's own names are answered" });
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const [found, name = "", version, tail = ""] = SERVICE.exec(path) ?? [];
  if (found === undefined) return answerServer(call, path);
  const named = { name: decoded(name), version: version === undefined ? undefined : decoded(version) };
  return tail === "/infer" ? infer(call, named) : readService(call, named, tail);
}

interface Named {
  readonly name: string;
  readonly version: string | undefined;
}

async function infer(call: Call, { name, version }: Named): Promise<void> {
  requireMethod(call, "POST");
  const { state, request, response } = call;
  const begunMs = performance.now();
  try {
    const body = await readObject(request);
    json(response, 200, answerInfer(state, state.service(name, version), body));
    state.latency.observe((performance.now() - begunMs) / 1_000);
  } catch (error) {
    state.failed += 1;
    throw error;
  }
}

function readService(call: Call, { name, version }: Named, tail: string): void {
  const route = Object.hasOwn(serviceRoutes, tail) ? serviceRoutes[tail] : undefined;
  if (route === undefined) throw noSuchAddress();
  requireMethod(call, "GET");
  json(call.response, 200, route.answer(call.state.service(name, version)));
}

function answerServer(call: Call, path: string): void {
  const { state, version, response } = call;
  const route = Object.hasOwn(serverRoutes, path) ? serverRoutes[path] : undefined;
  if (route === undefined && path !== "/metrics" && path !== "/v2/openapi.json") throw noSuchAddress();
  requireMethod(call, "GET");
  if (path === "/v2/openapi.json") return json(response, 200, openApiOfServices(state.services(), version));
  if (route !== undefined) return json(response, 200, route.answer({ version }));
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(state.metrics());
}

/** What answers GET answers HEAD with the same head. */
function requireMethod({ request: { method }, response }: Call, wanted: "GET" | "POST"): void {
  if (method === wanted || (wanted === "GET" && method === "HEAD")) return;
  response.setHeader("allow", wanted === "GET" ? "GET, HEAD" : wanted);
  throw servingErrors.create("serving/wrong-method", { because: `${method} is not answered here` });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noSuchAddress();
  }
}

function noSuchAddress(): Error {
  return servingErrors.create("serving/no-such-address", { because: "there is no such address" });
}

function fail(response: ServerResponse, error: unknown): void {
  const problem = toProblem(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // `error` is the Open Inference Protocol's field, the others those of problem details (RFC 9457).
  const { type, title, detail, status, code, remedy } = problem;
  json(response, status, {
    error: isMillError(error) ? `${title}: ${detail}` : title,
    type,
    title,
    detail,
    status,
    code,
    remedy,
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  // With its length told, head and body go out in one write.
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
}
