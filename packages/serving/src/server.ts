import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { isMillError, systemClock, toProblem } from "@millwright/kernel";
import { isFromLoopback } from "@millwright/platform";
import { drain } from "./drain.ts";
import { servingErrors } from "./errors.ts";
import { isFunction } from "./functions/load-function.ts";
import { answerFunction, answerInfer } from "./infer.ts";
import { allRead } from "./inference/all-read.ts";
import { openApiOfServices } from "./openapi/service-document.ts";
import { inferenceMetrics } from "./inference/metrics.ts";
import { joinedMetrics } from "./joined-metrics.ts";
import { openModelsBeside, type ModelsBesideOptions } from "./models-beside.ts";
import { OCCUPANCY_PAGE, occupancyAsked, occupancyOf } from "./occupancy.ts";
import { startGrpc } from "./inference/grpc/grpc-server.ts";
import type { ComposedModels } from "./inference/composed-models.ts";
import { createInferenceServer, type InferenceServer } from "./inference/inference-server.ts";
import { RELOAD_PAGE, STATUS_PAGE } from "./kserve/places.ts";
import { isLostDigits } from "./inference/rest/infer-request.ts";
import { openApiOfInference } from "./inference/rest/openapi.ts";
import { respond as respondInference } from "./inference/rest/rest-server.ts";
import { answerUnreadable, ARRIVAL_LIMITS, timeoutsOf } from "./inference/rest/unreadable.ts";
import { BODY_BYTES_MAX, parseBody, readBody, type Body } from "./request-body.ts";
import { serverRoutes, serviceRoutes } from "./routes.ts";
import { TRAFFIC_PAGE } from "./traffic/traffic-counts.ts";
import { openPayloadLog } from "./payloads/open-payload-log.ts";
import { payloadMetrics } from "./payloads/payload-log.ts";
import { payloadFolder } from "./log-folders.ts";
import { SEAL_EVERY_MS, ServingState, type ServingPlaces } from "./serving-state.ts";

export interface ServingOptions extends ServingPlaces, ModelsBesideOptions {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  /** Of this release, as `/v2` tells it. */
  readonly version: string;
  /** gRPC does not wait for what else starts. */
  readonly grpcAtOnce?: boolean;
}

export interface Serving {
  readonly port: number;
  /** The port of gRPC, which is started after all else. Rejects where it cannot be had, and when all is closed before. */
  readonly grpcPort: Promise<number>;
  close(): Promise<void>;
}

const DRAIN_MS_MAX = 1_000;
/** For the answers that are kept. */
const CACHE_BYTES_MAX = 64 * 2 ** 20;
/** Its library takes as much of the processor as all else that starts with this process, and is asked for later. */
const GRPC_AFTER_MS = 1_000;

/** Starts serving what the deployment file says, and goes on serving it while that changes. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const state = new ServingState(options);
  const { version } = options;
  await state.reload();
  const payloads = openPayloadLog({
    folder: payloadFolder(options.logFolder),
    forgetsOldest: false,
    sealEveryMs: SEAL_EVERY_MS,
    logger: options.logger,
  });
  const { models, followLimits } = await openModelsBeside(state, options, () => inference);
  const inference: InferenceServer = createInferenceServer({
    version,
    models,
    clock: systemClock,
    logger: options.logger,
    cacheBytesMax: CACHE_BYTES_MAX,
    payloads,
  });
  const counted = countedBy(state, inference);
  const server = createServer(timeoutsOf(ARRIVAL_LIMITS), (request, response) => {
    respond({ state, models, inference, counted, version, request, response }).catch((error: unknown) =>
      fail(response, error),
    );
  });
  answerUnreadable(server);
  await listen(server, options);
  const { host, grpcPort, logger } = options;
  const closing = new AbortController();
  const grpc = sleep(options.grpcAtOnce === true ? 0 : GRPC_AFTER_MS, undefined, { signal: closing.signal }).then(() =>
    startGrpc(counted, { host, port: grpcPort, bodyBytesMax: BODY_BYTES_MAX, logger }),
  );
  grpc.catch(() => undefined);
  const stopWatching = state.watch(followLimits);
  const address = server.address();
  return {
    grpcPort: grpc.then(({ port }) => port),
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: async () => {
      stopWatching();
      closing.abort();
      await Promise.all([
        drain(server, DRAIN_MS_MAX),
        grpc.then((started) => started.close(DRAIN_MS_MAX)).catch(() => undefined),
      ]);
      await state.close();
      await models.close();
      payloads.close();
    },
  };
}

/** The same, where what it answers and refuses counts among the server's requests for predictions. */
function countedBy(state: ServingState, inference: InferenceServer): InferenceServer {
  return {
    ...inference,
    infer: async (served, call) => {
      try {
        const outputs = await inference.infer(served, call);
        state.latency.observe((inference.clock.monotonicMs() - call.arrivedMs) / 1_000);
        return outputs;
      } catch (error) {
        // It is read again, and counts once.
        if (!isLostDigits(error)) state.failed += 1;
        throw error;
      }
    },
  };
}

function listen(server: Server, { host, port }: ServingOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

interface Call {
  readonly models: ComposedModels;
  readonly inference: InferenceServer;
  /** For what is not counted here. */
  readonly counted: InferenceServer;
  readonly state: ServingState;
  readonly version: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Describes what the protocol has for all models; `/v2/openapi.json` has each service with its own fields. */
const PROTOCOL_PAGE = "/v2/openapi/protocol.json";
const OWN_PAGES: ReadonlySet<string> = new Set([
  "/metrics",
  TRAFFIC_PAGE,
  OCCUPANCY_PAGE,
  "/v2/openapi.json",
  PROTOCOL_PAGE,
]);
/** No service is called by this name. */
const STATISTICS_PAGE = "/v2/models/stats";
const SERVICE = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/[^/]+)?$/;

async function respond(call: Call): Promise<void> {
  const { request } = call;
  if (!isFromLoopback(request.headers))
    throw servingErrors.create("serving/foreign-caller", { because: "only this machine's own names are answered" });
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const [found, name = "", version, tail = ""] = SERVICE.exec(path) ?? [];
  if (Object.hasOwn(serverRoutes, path) || OWN_PAGES.has(path)) return answerServer(call, path);
  if (path === RELOAD_PAGE) return reloadDocuments(call);
  if (path === STATUS_PAGE) return tellDocuments(call);
  if (found === undefined || path === STATISTICS_PAGE || (tail !== "/infer" && !Object.hasOwn(serviceRoutes, tail)))
    return answerWhole(call, call.counted);
  if (!call.state.has(decoded(name)) && (await knows(call.models, decoded(name))))
    return answerWhole(call, call.counted);
  const named = { name: decoded(name), version: version === undefined ? undefined : decoded(version) };
  return tail === "/infer" ? infer(call, named) : readService(call, named, tail);
}

/** Whether something is served under a name, ready or not. */
async function knows(models: ComposedModels, name: string): Promise<boolean> {
  try {
    return models.find(name).name === name;
  } catch (error) {
    return isMillError(error) && (error.code === "inference/not-ready" || (await isOnDemand(models, name)));
  }
}

/** Whether its first request would have it loaded. */
function isOnDemand(models: ComposedModels, name: string): Promise<boolean> {
  return models.answers(name).catch(() => false);
}

/** Answers once what the documents now ask for is served, or cannot be. */
async function reloadDocuments(call: Call): Promise<void> {
  requireMethod(call, "POST");
  await call.models.reload();
  json(call.response, 200, {});
}

async function tellDocuments(call: Call): Promise<void> {
  requireMethod(call, "GET");
  json(call.response, 200, await call.models.applied());
}

/** As the protocol has it in full: packed bodies, tensors as bytes or in shared memory, chosen outputs, and all else. */
function answerWhole({ request, response }: Call, server: InferenceServer, body?: Buffer): Promise<void> {
  return respondInference(server, { request, response, body, options: { bodyBytesMax: BODY_BYTES_MAX } });
}

/** Whether a request asks for what a plain answer has not. */
function asksForMore({ inputs, outputs, parameters }: Body): boolean {
  if (!Array.isArray(inputs)) return false;
  const { binary_data_output: binary } = Object(parameters ?? {}) as { readonly binary_data_output?: unknown };
  const own = inputs.some((input: unknown) => Object(input ?? {}).parameters !== undefined);
  return outputs !== undefined || binary !== undefined || own;
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
    const { headers } = request;
    const isPlain =
      headers["inference-header-content-length"] === undefined && headers["content-encoding"] === undefined;
    const bytes = isPlain ? await readBody(request) : undefined;
    const body = bytes === undefined ? undefined : parseBody(bytes);
    const own = state.function(name, version);
    const service = own ?? state.service(name, version);
    if (body === undefined || asksForMore(body)) await answerWhole(call, call.inference, bytes);
    else {
      const answer = isFunction(service)
        ? await answerFunction(state, service, body)
        : answerInfer(state, service, { body, headers });
      await allRead();
      json(response, 200, answer);
    }
    state.latency.observe((performance.now() - begunMs) / 1_000);
  } catch (error) {
    state.failed += 1;
    throw error;
  }
}

function readService(call: Call, { name, version }: Named, tail: string): void {
  const route = serviceRoutes[tail];
  if (route === undefined) throw noSuchAddress();
  requireMethod(call, "GET");
  const { state } = call;
  json(call.response, 200, route.answer(state.function(name, version) ?? state.service(name, version)));
}

function answerServer(call: Call, path: string): void {
  const { state, inference, version, response } = call;
  const route = serverRoutes[path];
  requireMethod(call, "GET");
  if (path === "/v2/openapi.json")
    return json(response, 200, openApiOfServices([...state.services(), ...state.functions()], version));
  if (path === TRAFFIC_PAGE) return json(response, 200, state.traffic());
  if (path === OCCUPANCY_PAGE)
    return json(
      response,
      200,
      occupancyOf(
        { models: call.models, measured: (name) => state.measured(name) },
        occupancyAsked(call.request.url ?? "/"),
      ),
    );
  if (path === PROTOCOL_PAGE) return json(response, 200, openApiOfInference(inference));
  if (route !== undefined) return json(response, 200, route.answer({ version }));
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(metricsOf(call));
}

/**
 * Of the services, and of what documents and graphs ask for beside them, or of the one that is named; requests of services are
 * counted by those alone.
 */
function metricsOf({ state, models, inference: { payloads }, request }: Call): string {
  const own = `${[state.metrics().trimEnd(), ...payloadMetrics(payloads)].join("\n")}\n`;
  // Of thousands of models the page is megabytes: who looks at one asks for that alone.
  const wanted = new URL(request.url ?? "/", "http://localhost").searchParams.get("model");
  const others = models.served().filter(({ name }) => !state.has(name) && (wanted === null || name === wanted));
  if (others.length === 0) return own;
  const beside = { served: () => others, residency: () => models.residency() };
  return joinedMetrics([own, inferenceMetrics({ models: beside, payloads })]);
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
  if (problem.status === 503) response.setHeader("retry-after", "1");
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
