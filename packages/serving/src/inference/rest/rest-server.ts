import { createServer, type IncomingMessage, type Server } from "node:http";
import { toProblem, type Logger } from "@millwright/kernel";
import { explainModel } from "../../explain/explain-model.ts";
import { answererOf } from "../../shards/copying.ts";
import { modelOfPath, relayRest, type ModelPath } from "../../shards/relay-rest.ts";
import { wholeMetrics, wholeNames } from "../../shards/whole-server.ts";
import { answerBody } from "../answer-body.ts";
import { requireAnswerable } from "../answer-size.ts";
import { callLimits } from "../call-limits.ts";
import { inferenceErrors, isFault } from "../errors.ts";
import type { InferenceServer } from "../inference-server.ts";
import type { InferCall } from "../infer.ts";
import { parametersOf } from "../parameters.ts";
import type { AskedBy } from "../ports.ts";
import { lazyHeaders } from "../request-headers.ts";
import type { ServedModel } from "../served-model.ts";
import type { Tensor } from "../tensor.ts";
import { traceIdsOf } from "../trace-context.ts";
import { sendBody } from "./http-body.ts";
import { formOf, writeInferAnswer } from "./infer-answer.ts";
import { parseObject, readInferRequest, withWholeNumbers } from "./infer-request.ts";
import { backgroundOfV1, explanationsOf, inputsOfV1, predictionsOf } from "./kserve-v1.ts";
import {
  invokedModel,
  invokedName,
  readInvocation,
  scoringError,
  scoringText,
  writeInvocation,
} from "./mlflow-scoring.ts";
import { openApiOfInference } from "./openapi.ts";
import { isModelReady, operations, type Operation } from "./operations.ts";
import { bodyOf, type Call, type RestRequest, type RestResponse } from "./rest-call.ts";
import { answerUnreadable, ARRIVAL_LIMITS, timeoutsOf, type ArrivalLimits } from "./unreadable.ts";

export interface RestOptions {
  readonly host: string;
  readonly port: number;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
  /** Whether a request comes from a place that may ask. */
  readonly mayAsk: (request: IncomingMessage) => boolean;
  /** How long a request may take to arrive; 10 s its headers, 30 s all of it. */
  readonly arrival?: ArrivalLimits;
}

const JSON_TYPE = { "content-type": "application/json" };

/** Serves the Open Inference Protocol over HTTP, KServe's first one, and MLflow's scoring server. */
export async function startRest(server: InferenceServer, options: RestOptions): Promise<Server> {
  const http = createRest(server, options);
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(options.port, options.host, resolve);
  });
  return http;
}

/** The same, which does not listen yet. */
export function createRest(server: InferenceServer, options: Omit<RestOptions, "host" | "port">): Server {
  const http = createServer(timeoutsOf(options.arrival ?? ARRIVAL_LIMITS), (request, response) => {
    if (options.mayAsk(request)) void answerRest(server, { request, response, options });
    else tellError(foreign(), { response, options });
  });
  answerUnreadable(http);
  return http;
}

/** Answers one request, and tells its caller where that fails. */
export async function answerRest(
  server: InferenceServer,
  call: Call & { readonly options: Pick<RestOptions, "logger"> },
): Promise<void> {
  try {
    await respond(server, call);
  } catch (error) {
    tellError(error, call);
  }
}

function foreign(): Error {
  return inferenceErrors.create("inference/foreign-caller", { because: "only this machine's own names are answered" });
}

const INFER = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/;
const V1_VERB = /^\/v1\/models\/([^/:]+):(predict|explain)$/;
const INVOCATIONS = "/invocations";
const V1_MODEL = /^\/v1\/models(?:\/([^/:]+))?$/;

/** Answers one request. What it throws is for its caller to tell. */
export async function respond(server: InferenceServer, call: Call): Promise<void> {
  const { request } = call;
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const elsewhere = server.shards === undefined ? undefined : relayed(server, path, call);
  if (elsewhere !== undefined) return elsewhere;
  const inferred = INFER.exec(path);
  if (inferred !== null) return answerInfer(server, call, { name: decoded(inferred[1]), version: inferred[2] });
  const verb = V1_VERB.exec(path);
  if (verb !== null) return answerV1(server, call, { name: decoded(verb[1]), verb: verb[2] ?? "" });
  if (path === INVOCATIONS) return answerInvocation(server, call);
  const v1 = V1_MODEL.exec(path);
  if (v1 !== null) return answerV1Model(server, call, v1[1]);
  return answerOperation(server, call, path.length > 1 ? path.replace(/\/$/, "") : path);
}

/** Has another process answer, where the request is about a model of its; undefined where this one answers. */
function relayed(server: InferenceServer, path: string, call: Call): Promise<void> | undefined {
  const about = modelOfPath(path);
  if (about !== undefined) return relayedOf(server, call, { ...about, name: decoded(about.name) });
  if (path !== INVOCATIONS || call.request.method !== "POST") return undefined;
  const { searchParams } = new URL(call.request.url ?? "/", "http://localhost");
  return invokedName(server, searchParams).then(
    (name) => relayedOf(server, call, { name, isInference: true }) ?? answerInvocation(server, call),
  );
}

function relayedOf(server: InferenceServer, call: Call, { name, isInference }: ModelPath): Promise<void> | undefined {
  if (!isInference) {
    const peer = server.shards?.ownerOf(name);
    return peer && relayRest(peer, call);
  }
  const answerer = answererOf(server, name);
  return answerer && relayRest(answerer.peer, call, answerer.answered);
}

/** What answers GET answers HEAD with the same head. */
function requireMethod({ request, response }: Call, method: Operation["method"]): void {
  if (methodOf(request) === method) return;
  response.setHeader("allow", allowed([method]));
  throw inferenceErrors.create("inference/wrong-method", { because: `${request.method} is not answered here` });
}

function methodOf({ method }: RestRequest): string | undefined {
  return method === "HEAD" ? "GET" : method;
}

function allowed(methods: readonly Operation["method"][]): string {
  return methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
}

async function answerInfer(
  server: InferenceServer,
  call: Call,
  { name, version }: { readonly name: string; readonly version: string | undefined },
): Promise<void> {
  requireMethod(call, "POST");
  const { request, response, options } = call;
  const arrivedMs = server.clock.monotonicMs();
  const body = await bodyOf(call);
  const served = await server.models.obtain(name, version === undefined ? undefined : decoded(version));
  const headerLength = request.headers["inference-header-content-length"];
  const isCancelled = () => request.socket.destroyed;
  const headers = lazyHeaders(() => request.headers);
  const run = async (exact: boolean) => {
    const given = {
      headerLength: typeof headerLength === "string" ? headerLength : undefined,
      memory: server.memory,
      exact,
    };
    const asked = readInferRequest(body, given);
    const limits = callLimits(asked.parameters, { arrivedMs, waitsMs: waitsMs(request) });
    return { asked, outputs: await server.infer(served, { ...asked, ...limits, headers, arrivedMs, isCancelled }) };
  };
  const { asked, outputs } = await withWholeNumbers(run);
  requireAnswerable(outputs, options.bodyBytesMax, (at) => formOf(asked, at));
  const answer = writeInferAnswer(asked, { served, outputs, memory: server.memory });
  const answerHeaders =
    answer.jsonLength === undefined
      ? JSON_TYPE
      : { "content-type": "application/octet-stream", "inference-header-content-length": answer.jsonLength };
  await sendBody(
    response,
    { status: 200, headers: answerHeaders, body: answer.body },
    request.headers["accept-encoding"],
  );
}

/** How long the proxy before us waits, where it tells: Envoy does, and with it Istio and KServe. */
function waitsMs({ headers }: RestRequest): number | undefined {
  const told = headers["x-envoy-expected-rq-timeout-ms"];
  return typeof told === "string" && /^[1-9]\d{0,9}$/.test(told) ? Number(told) : undefined;
}

/** A body for a model that answers bodies as they are. */
interface BodyAsked {
  readonly served: ServedModel;
  readonly body: string;
}

/** How rows are asked of a model, and how its answer is written. */
interface RowsAsked {
  readonly served: ServedModel;
  /** `exact` has whole numbers with all their digits. */
  readonly read: (exact: boolean) => Pick<InferCall, "inputs" | "outputs">;
  readonly write: (outputs: readonly Tensor[]) => string | Buffer;
}

/** Rows that are explained by asking the model about others. */
interface ExplainAsked {
  readonly served: ServedModel;
  readonly explain: (by: AskedBy, arrivedMs: number) => Promise<Tensor>;
}

async function answerRows(
  server: InferenceServer,
  call: Call,
  ask: (body: Buffer) => Promise<RowsAsked | BodyAsked | ExplainAsked>,
): Promise<void> {
  requireMethod(call, "POST");
  const { request, response, options } = call;
  const arrivedMs = server.clock.monotonicMs();
  const asked = await ask(await bodyOf(call));
  const by = {
    ...callLimits({}, { arrivedMs, waitsMs: waitsMs(request) }),
    headers: lazyHeaders(() => request.headers),
    isCancelled: () => request.socket.destroyed,
  };
  const { served } = asked;
  const written = async ({ read, write }: RowsAsked) => {
    const outputs = await withWholeNumbers((exact) => server.infer(served, { ...read(exact), ...by, arrivedMs }));
    requireAnswerable(outputs, options.bodyBytesMax);
    return { status: 200, body: write(outputs) };
  };
  const answer =
    "body" in asked
      ? await answerBody(served, { body: asked.body, by, arrivedMs }, server)
      : "explain" in asked
        ? { status: 200, body: explanationsOf([await asked.explain(by, arrivedMs)]) }
        : await written(asked);
  await sendBody(response, { ...answer, headers: JSON_TYPE }, request.headers["accept-encoding"]);
}

/** KServe's first protocol: what a model answers to rows, or why. */
function answerV1(
  server: InferenceServer,
  call: Call,
  { name, verb }: { readonly name: string; readonly verb: string },
) {
  return answerRows(server, call, async (body) => {
    const found = await server.models.obtain(name);
    // This protocol has no ids; what a body is read by and what answers it are one revision.
    const served = found.revisionFor?.({}) ?? found;
    const isOwn = verb === "predict" && served.model.answerBody !== undefined;
    if (isOwn) {
      parseObject(body);
      return { served, body: body.toString("utf8") };
    }
    const { explanation } = served.model;
    if (verb === "explain" && explanation === undefined) return explainedByAsking(server, served, body);
    const outputs = verb === "explain" && explanation !== undefined ? [{ name: explanation }] : undefined;
    return {
      served,
      read: (exact) => ({ inputs: inputsOfV1(parseObject(body, exact), served.model.inputs), outputs }),
      write: (found) => (verb === "explain" ? explanationsOf(found) : predictionsOf(found)),
    };
  });
}

/** A model that does not say why by itself is asked about other rows. */
function explainedByAsking({ clock }: InferenceServer, served: ServedModel, bytes: Buffer): ExplainAsked {
  return {
    served,
    explain: (by, arrivedMs) =>
      withWholeNumbers(async (exact) => {
        const body = parseObject(bytes, exact);
        const parameters = parametersOf(body["parameters"]);
        const inputs = inputsOfV1(body, served.model.inputs);
        const question = { inputs, background: backgroundOfV1(body, served), parameters, by, arrivedMs };
        return explainModel(served, question, clock);
      }),
  };
}

/** MLflow's scoring server. */
function answerInvocation(server: InferenceServer, call: Call): Promise<void> {
  return answerRows(server, call, async (body) => {
    const { searchParams } = new URL(call.request.url ?? "/", "http://localhost");
    const served = await invokedModel(server, searchParams);
    const type = call.request.headers["content-type"];
    let isFrame = false;
    return {
      served,
      read: (exact) => {
        const asked = readInvocation(body, { type, specs: served.model.inputs, exact });
        ({ isFrame } = asked);
        return { inputs: asked.inputs };
      },
      write: (outputs) => writeInvocation(served, outputs, { isFrame }),
    };
  });
}

async function answerV1Model(server: InferenceServer, call: Call, name: string | undefined): Promise<void> {
  requireMethod(call, "GET");
  const answer = name === undefined ? { models: await wholeNames(server) } : await readyOfV1(server, decoded(name));
  sendJson(call.response, 200, answer);
}

/** KServe's clients read 503 as "not ready", and any other refusal as an error. */
async function readyOfV1(server: InferenceServer, name: string): Promise<object> {
  if (await isModelReady(server, name)) return { name, ready: true };
  throw inferenceErrors.create("inference/unready", { because: name.slice(0, 200) });
}

async function answerOperation(server: InferenceServer, call: Call, path: string): Promise<void> {
  const { request, response } = call;
  if (path === "/v2/openapi.json") {
    requireMethod(call, "GET");
    return sendJson(response, 200, openApiOfInference(server));
  }
  const told = scoringText(server, path);
  if (told !== undefined) {
    requireMethod(call, "GET");
    const text = await told();
    response.writeHead(200, { "content-type": "text/plain" }).end(text);
    return;
  }
  if (path === "/metrics") {
    requireMethod(call, "GET");
    const text = await wholeMetrics(server);
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text);
    return;
  }
  const matches = operations.flatMap((operation) => {
    const found = matchPath(operation.path, path);
    return found === undefined ? [] : [{ operation, found }];
  });
  if (matches.length === 0)
    throw inferenceErrors.create("inference/no-such-address", { because: `${request.method} ${path.slice(0, 200)}` });
  const match = matches.find(({ operation }) => operation.method === methodOf(request));
  if (match === undefined) {
    response.setHeader("allow", allowed(matches.map(({ operation }) => operation.method)));
    throw inferenceErrors.create("inference/wrong-method", { because: `${request.method} ${path.slice(0, 200)}` });
  }
  const body = match.operation.method === "POST" ? await bodyOf(call) : Buffer.alloc(0);
  const asked = { path: match.found, body: body.length === 0 ? {} : parseObject(body) };
  sendJson(response, 200, await match.operation.answer(server, asked));
}

/** The parameters of a path; undefined where it is another. Words come before parameters: `/v2/models/stats` is no model. */
function matchPath(pattern: Operation["path"], path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) found[name] = decoded(given[at]);
    else if (part !== given[at]) return undefined;
  }
  return found;
}

function decoded(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    throw inferenceErrors.create("inference/no-such-address", {
      because: "a name in the address is not encoded as it should be",
    });
  }
}

function sendJson(response: RestResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { ...JSON_TYPE, "content-length": Buffer.byteLength(body) }).end(body);
}

/** `error` is the protocol's field, the others those of problem details (RFC 9457). */
function tellError(
  error: unknown,
  { response, options }: { readonly response: RestResponse; readonly options: Pick<RestOptions, "logger"> },
): void {
  const { exit: _exit, ...problem } = toProblem(error);
  if (isFault(problem.status)) {
    const traceIds = traceIdsOf(String(response.req.headers["traceparent"] ?? ""));
    options.logger.error({ err: error, ...traceIds }, "a request failed");
  }
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (problem.status === 503) response.setHeader("retry-after", "1");
  // What is still on its way is not read on: the connection ends with the answer.
  if (!response.req.complete) response.setHeader("connection", "close");
  const text = `${problem.title}: ${problem.detail}`;
  const isScoring = response.req.url?.startsWith(INVOCATIONS) === true;
  sendJson(response, problem.status, {
    error: text,
    ...problem,
    ...(isScoring ? scoringError(problem.status, text) : {}),
  });
}
