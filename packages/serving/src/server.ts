import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isMillError, systemClock, systemIds, toProblem, type Logger } from "@millwright/kernel";
import type { OnlineStore } from "@millwright/feature-store";
import { answerTensors, tensorData } from "./answer.ts";
import { decodeDeployment } from "./deployment.ts";
import { servingErrors } from "./errors.ts";
import { createLatencyHistogram } from "./latency.ts";
import { openPredictionLog } from "./prediction-log.ts";
import { loadService, type LoadedService, type Prediction } from "./service.ts";

export interface ServingOptions {
  readonly host: string;
  readonly port: number;
  /** Written by control; watched. */
  readonly deploymentFile: string;
  readonly logFolder: string;
  readonly openOnlineStore: (path: string) => OnlineStore;
  readonly logger: Logger;
}

export interface Serving {
  readonly port: number;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 8 * 2 ** 20;
/** A body that is too large is read to its end, up to here, so that its sender gets to read the answer. */
const DISCARDED_BYTES_MAX = 64 * 2 ** 20;
const ROWS_MAX = 10_000;
/** An explanation takes some hundred times as long as an answer. */
const EXPLAINED_ROWS_MAX = 100;
const ID_LENGTH_MAX = 200;
const SEAL_EVERY_MS = 2_000;
const DRAIN_MS_MAX = 1_000;

/** Starts serving what the deployment file says, and goes on serving it while that changes. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const state = new ServingState(options);
  await state.reload();
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    respond(state, request, response).catch((error: unknown) => fail(response, error));
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

interface Asked {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly id: string | undefined;
  readonly explain: boolean;
}

class ServingState {
  readonly #options: ServingOptions;
  readonly #log;
  #services = new Map<string, LoadedService>();
  #online: OnlineStore | undefined;
  #generation = "";
  #reloading: Promise<void> = Promise.resolve();
  readonly latency = createLatencyHistogram();
  answered = 0;
  failed = 0;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#log = openPredictionLog({ folder: options.logFolder, ids: systemIds, logger: options.logger });
  }

  /** Loads what is new beside what serves, then takes its place at once. A failure leaves what serves as it is. */
  reload(): Promise<void> {
    // One after the other: a slow older one must not take the place of a newer one.
    this.#reloading = this.#reloading.then(() => this.#load());
    return this.#reloading;
  }

  async #load(): Promise<void> {
    const text = await readFile(this.#options.deploymentFile, "utf8").catch(() => undefined);
    if (text === undefined) return;
    try {
      const deployment = decodeDeployment(text);
      if (deployment.generation === this.#generation) return;
      this.#online ??= this.#options.openOnlineStore(deployment.onlineStorePath);
      const ports = { online: this.#online, log: this.#log, clock: systemClock, ids: systemIds };
      const loaded = await Promise.all(deployment.services.map((service) => loadService(ports, service)));
      this.#services = new Map(loaded.map((service) => [service.deployed.name, service]));
      this.#generation = deployment.generation;
      this.#options.logger.info(
        { services: loaded.map(({ deployed }) => `${deployed.name}/${deployed.version}`) },
        "serving",
      );
    } catch (error) {
      this.#options.logger.error({ err: error }, "a deployment could not be loaded; the one before goes on");
    }
  }

  watch(): () => void {
    const file = basename(this.#options.deploymentFile);
    const watcher = watch(dirname(this.#options.deploymentFile), (_event, name) => {
      if (name === file) void this.reload();
    });
    const timer = setInterval(() => this.#log.seal(), SEAL_EVERY_MS);
    return () => {
      watcher.close();
      clearInterval(timer);
    };
  }

  names(): readonly string[] {
    return [...this.#services.keys()];
  }

  service(name: string): LoadedService {
    const found = this.#services.get(name);
    if (found === undefined)
      throw servingErrors.create("serving/unknown-service", {
        because: `nothing is served as ${JSON.stringify(name.slice(0, 100))}`,
      });
    return found;
  }

  predict(service: LoadedService, { rows, id, explain }: Asked): readonly Prediction[] {
    if (explain && rows.length > EXPLAINED_ROWS_MAX)
      throw tooLarge(`${rows.length} rows to explain, where ${EXPLAINED_ROWS_MAX} are the most`);
    const predictAll = () =>
      rows.map((row, index) =>
        service.predict(row, {
          id: id === undefined ? undefined : rows.length === 1 ? id : `${id}-${index}`,
          explain,
        }),
      );
    const predictions = this.#online === undefined ? predictAll() : this.#online.snapshot(predictAll);
    this.answered += predictions.length;
    return predictions;
  }

  metrics(): string {
    return [
      "# HELP millwright_predictions_total Predictions answered.",
      "# TYPE millwright_predictions_total counter",
      `millwright_predictions_total ${this.answered}`,
      "# HELP millwright_requests_failed_total Requests refused or failed.",
      "# TYPE millwright_requests_failed_total counter",
      `millwright_requests_failed_total ${this.failed}`,
      "# HELP millwright_prediction_log_dropped_total Predictions that the full log did not keep.",
      "# TYPE millwright_prediction_log_dropped_total counter",
      `millwright_prediction_log_dropped_total ${this.#log.dropped}`,
      "# HELP millwright_request_seconds How long requests for predictions took in the server, their reading included.",
      "# TYPE millwright_request_seconds histogram",
      ...this.latency.lines("millwright_request_seconds"),
      "",
    ].join("\n");
  }

  close(): void {
    this.#log.close();
    this.#online?.close();
  }
}

async function respond(state: ServingState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isLocal(request))
    throw servingErrors.create("serving/foreign-caller", { because: "only this machine's own names are answered" });
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (request.method === "GET") return get(state, path, response);
  const name = /^\/v2\/models\/([^/]+)(?:\/versions\/\d+)?\/infer$/.exec(path)?.[1];
  if (request.method !== "POST" || name === undefined) throw noSuchAddress();
  const begunMs = performance.now();
  try {
    const body = parse(await readBody(request));
    json(response, 200, answer(state, decoded(name), body));
    state.latency.observe((performance.now() - begunMs) / 1_000);
  } catch (error) {
    state.failed += 1;
    throw error;
  }
}

function get(state: ServingState, path: string, response: ServerResponse): void {
  if (path === "/v2") return json(response, 200, { name: "millwright", version: "0.1.0", extensions: [] });
  if (path === "/v2/health/live") return json(response, 200, { live: true });
  if (path === "/v2/health/ready") return json(response, 200, { ready: true });
  if (path === "/metrics") {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(state.metrics());
    return;
  }
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/\d+)?(\/ready)?$/.exec(path);
  if (match?.[1] === undefined) throw noSuchAddress();
  const { deployed, model } = state.service(decoded(match[1]));
  if (match[2] !== undefined) return json(response, 200, { ready: true });
  json(response, 200, {
    name: deployed.name,
    versions: [String(deployed.version)],
    platform: "millwright",
    inputs: deployed.request.map(({ name, type }) => ({ name, datatype: datatypeOf(type), shape: [-1] })),
    outputs: answerTensors(model, -1),
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noSuchAddress();
  }
}

function noSuchAddress(): Error {
  return servingErrors.create("serving/no-such-address", { because: "no such address, or not by this method" });
}

function datatypeOf(type: string): string {
  if (type === "long" || type === "int") return "INT64";
  return type === "double" || type === "float" ? "FP64" : "BYTES";
}

type Body = Readonly<Record<string, unknown>>;

/**
 * A plain object of the service's fields is one row; Open Inference `inputs` are columns of rows. Either may ask for
 * explanations: `parameters: { "explain": true }`.
 */
function answer(state: ServingState, name: string, body: Body): unknown {
  const { inputs, id } = body;
  const service = state.service(name);
  const { model, deployed } = service;
  const hasParameters = !deployed.request.some((field) => field.name === "parameters");
  if (!Array.isArray(inputs))
    return state.predict(service, { rows: [body], id: undefined, explain: hasParameters && asksToExplain(body) })[0];
  const given = typeof id === "string" ? id : undefined;
  if (given !== undefined && given.length > ID_LENGTH_MAX)
    throw badRequest(`the id is longer than ${ID_LENGTH_MAX} characters`);
  const explain = asksToExplain(body);
  const predictions = state.predict(service, { rows: rowsOf(inputs), id: given, explain });
  return {
    id: given ?? predictions[0]?.id,
    model_name: name,
    model_version: predictions[0]?.model_version,
    outputs: [
      ...answerTensors(model, predictions.length).map((tensor) => ({
        ...tensor,
        data: tensorData(tensor.name, predictions),
      })),
      {
        name: "prediction_id",
        datatype: "BYTES",
        shape: [predictions.length],
        data: predictions.map((prediction) => prediction.id),
      },
      ...(explain ? [explanationTensor(predictions)] : []),
    ],
  };
}

function asksToExplain({ parameters }: Body): boolean {
  if (parameters === undefined || parameters === null) return false;
  const { explain = false } = Object(parameters) as { readonly explain?: unknown };
  if (typeof parameters !== "object" || typeof explain !== "boolean")
    throw badRequest('`parameters` is not an object such as { "explain": true }');
  return explain;
}

/** Each row's explanation as JSON text. */
function explanationTensor(predictions: readonly Prediction[]) {
  return {
    name: "explanation",
    datatype: "BYTES",
    shape: [predictions.length],
    data: predictions.map(({ explanation }) => JSON.stringify(explanation)),
  };
}

function rowsOf(inputs: readonly unknown[]): readonly Record<string, unknown>[] {
  const columns = inputs.map((input) => {
    const { name, data } = (input ?? {}) as { name?: unknown; data?: unknown };
    if (typeof name !== "string" || !Array.isArray(data))
      throw badRequest("each input needs a name and its data as a list");
    return { name, data: data as readonly unknown[] };
  });
  const length = columns[0]?.data.length ?? 0;
  if (length === 0 || columns.some(({ data }) => data.length !== length))
    throw badRequest("all inputs need equally many values, and at least one");
  if (length > ROWS_MAX) throw tooLarge(`${length} rows, where ${ROWS_MAX} are the most`);
  return Array.from({ length }, (_, row) => Object.fromEntries(columns.map(({ name, data }) => [name, data[row]])));
}

function parse(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest("the body is not JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw badRequest("the body is not a JSON object");
  return value as Body;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

async function readBody(request: IncomingMessage): Promise<string> {
  const body = await bytesOf(request);
  try {
    return UTF8.decode(body);
  } catch {
    throw badRequest("the body is not UTF-8");
  }
}

/** By events: an iterator over the stream takes longer than all else there is to a small request. */
function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes <= DISCARDED_BYTES_MAX) return;
      reject(tooLarge(`more than ${BODY_BYTES_MAX} bytes`));
      request.destroy();
    });
    request.once("end", () => {
      if (bytes > BODY_BYTES_MAX) reject(tooLarge(`more than ${BODY_BYTES_MAX} bytes`));
      else resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks));
    });
    request.once("error", reject);
    // An error is dear to make, and a request closes after its end too.
    request.once("close", () => {
      if (!request.complete) reject(badRequest("the body was cut off"));
    });
  });
}

function tooLarge(because: string): Error {
  return servingErrors.create("serving/too-large", { because });
}

/** Only this machine's own names: a page of another site, or a name that was bound anew to loopback, is refused. */
function isLocal({ headers }: IncomingMessage): boolean {
  const { host, origin } = headers;
  if (host === undefined || !LOCAL.test(host)) return false;
  return origin === undefined || LOCAL.test(origin.replace(/^https?:\/\//, ""));
}

const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

function badRequest(because: string): Error {
  return servingErrors.create("serving/bad-request", { because });
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
