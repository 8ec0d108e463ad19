import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { systemClock, systemIds, type Logger } from "@millwright/kernel";
import type { OnlineStore } from "@millwright/feature-store/serving";
import { decodeDeployment, type ModelLimits } from "./deployment.ts";
import { servingErrors, tooLarge } from "./errors.ts";
import type { FunctionAnswer, FunctionPorts, LoadedFunction } from "./functions/load-function.ts";
import { callRows, ServedFunctions } from "./functions/served-functions.ts";
import { createLatencyHistogram } from "./latency.ts";
import { HeldRecords, openPredictionLog } from "./prediction-log.ts";
import { processMetrics } from "./process-metrics.ts";
import { loadService, type LoadedService, type Prediction } from "./service.ts";
import { phaseMetrics, type PhasesOf } from "./service-phases.ts";
import { ServedTraffic, type LoadService } from "./traffic/served-traffic.ts";
import { requestKey, type AskedWith } from "./traffic/sticky-key.ts";
import type { TrafficCounts } from "./traffic/traffic-counts.ts";

export interface ServingPlaces {
  /** Written by control; watched. */
  readonly deploymentFile: string;
  readonly logFolder: string;
  readonly openOnlineStore: (path: string) => OnlineStore;
  /** What `millwright` means to the project's functions. */
  readonly millwrightUrl: string;
  readonly logger: Logger;
}

/** The id of what is asked in order to explain. */
const EXPLAINED = "explained";
/** An explanation takes some hundred times as long as an answer. */
const EXPLAINED_ROWS_MAX = 100;
/** Control takes the segments that are sealed. */
export const SEAL_EVERY_MS = 2_000;

export interface Asked extends AskedWith {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly id: string | undefined;
  readonly explain: boolean;
  /** It is asked in order to explain another answer: nothing of it is kept or counted. */
  readonly isTrial?: boolean | undefined;
}

/** What serves now, and what it has answered. */
export class ServingState {
  readonly #options: ServingPlaces;
  readonly #functions: ServedFunctions;
  readonly #traffic: ServedTraffic;
  readonly #log;
  #services = new Map<string, LoadedService>();
  /** What is loaded, by all that it was loaded from: what has not changed is loaded once. */
  #loaded = new Map<string, Promise<LoadedService>>();
  #online: OnlineStore | undefined;
  #generation = "";
  #reloading: Promise<void> = Promise.resolve();
  #modelLimits: ModelLimits | undefined;
  readonly latency = createLatencyHistogram();
  answered = 0;
  failed = 0;

  constructor(options: ServingPlaces) {
    this.#options = options;
    const ask: FunctionPorts["ask"] = (question) => this.#answerFunction(question);
    this.#functions = new ServedFunctions({ ...options, ask });
    this.#traffic = new ServedTraffic(options);
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
      const before = this.#loaded;
      const kept = new Map<string, Promise<LoadedService>>();
      const load: LoadService = (...what) => {
        const key = JSON.stringify(what);
        const found = before.get(key) ?? loadService(ports, ...what);
        kept.set(key, found);
        return found;
      };
      const loaded = await Promise.all(deployment.services.map((service) => this.#traffic.load(ports, service, load)));
      this.#services = new Map(loaded.map((service) => [service.deployed.name, service]));
      this.#loaded = kept;
      await this.#functions.take(ports, deployment.functions ?? []);
      this.#modelLimits = deployment.modelLimits;
      this.#generation = deployment.generation;
      this.#options.logger.info(
        { services: loaded.map(({ deployed }) => `${deployed.name}/${deployed.version}`) },
        "serving",
      );
    } catch (error) {
      this.#options.logger.error({ err: error }, "a deployment could not be loaded; the one before goes on");
    }
  }

  /** Answers what a function asks of another service. Throws `serving/unknown-service`, and what that refuses with. */
  async #answerFunction(question: Parameters<FunctionPorts["ask"]>[0]): Promise<unknown> {
    const { service: name, request, through, isTrial } = question;
    const asker = this.#functions.get(through.at(-1) ?? "");
    if (asker?.deployed.asks.includes(name) !== true)
      throw unknownService(`${through.at(-1)} does not say that it asks ${quoted(name)}: name it in \`asks\``);
    if (through.includes(name)) throw unknownService(`${[...through, name].join(" asks ")}: it would wait for itself`);
    const row = Object(request ?? {}) as Readonly<Record<string, unknown>>;
    const own = this.#functions.get(name);
    if (own !== undefined) return own.call(row, { through, isTrial });
    // One explanation is of one version, where several share the service's requests.
    const id = isTrial === true ? EXPLAINED : undefined;
    const [answer] = this.predict(this.service(name), { rows: [row], id, explain: false, isTrial });
    return answer;
  }

  /** What holds of the models that documents ask for. */
  modelLimits(): ModelLimits | undefined {
    return this.#modelLimits;
  }

  functions(): readonly LoadedFunction[] {
    return this.#functions.all();
  }

  /** The function that answers as this; undefined where a model does, or nothing. Throws where it has another version. */
  function(name: string, version?: string): LoadedFunction | undefined {
    const found = this.#functions.get(name);
    if (found === undefined || version === undefined || version === String(found.deployed.version)) return found;
    throw unknownService(`${name} is served in version ${found.deployed.version}, and not in ${quoted(version)}`);
  }

  async callFunction(
    one: LoadedFunction,
    { rows, id, isTrial }: Pick<Asked, "rows" | "id" | "isTrial">,
  ): Promise<readonly FunctionAnswer[]> {
    const held = new HeldRecords();
    const answers = await callRows(one, rows, { idOf: (at) => rowId(id, at, rows), log: held, isTrial });
    held.release(this.#log);
    if (isTrial !== true) this.answered += answers.length;
    return answers;
  }

  /** Follows the deployment's file; `onReload` is called after each look at it. */
  watch(onReload: () => void): () => void {
    const file = basename(this.#options.deploymentFile);
    const watcher = watch(dirname(this.#options.deploymentFile), (_event, name) => {
      if (name === file) void this.reload().then(onReload);
    });
    // It may have been written since it was first read.
    void this.reload().then(onReload);
    const timer = setInterval(() => {
      this.#log.seal();
      this.#traffic.seal();
    }, SEAL_EVERY_MS);
    return () => {
      watcher.close();
      clearInterval(timer);
    };
  }

  services(): readonly LoadedService[] {
    return [...this.#services.values()];
  }

  /** Whether a service is served under a name. */
  has(name: string): boolean {
    return this.#services.has(name) || this.#functions.get(name) !== undefined;
  }

  /** What serves as this, in this version when one is named. Throws `serving/unknown-service`. */
  service(name: string, version?: string): LoadedService {
    const found = this.#services.get(name);
    if (found === undefined) throw unknownService(`nothing is served as ${quoted(name)}`);
    if (version === undefined) return found;
    const served = found.variants ?? [found];
    const wanted = served.find(({ deployed }) => String(deployed.version) === version);
    if (wanted !== undefined) return wanted;
    const versions = [...new Set(served.map(({ deployed }) => deployed.version))].join(" and ");
    throw unknownService(`${name} is served in version ${versions}, and not in ${quoted(version)}`);
  }

  /** How long the parts of a service's answers took, for each of its versions; undefined where it is none. */
  measured(name: string): readonly PhasesOf[] | undefined {
    const service = this.#services.get(name);
    return service === undefined ? undefined : measuredOf(service);
  }

  predict(service: LoadedService, { rows, id, explain, isTrial, ...asked }: Asked): readonly Prediction[] {
    if (explain && rows.length > EXPLAINED_ROWS_MAX)
      throw tooLarge(`${rows.length} rows to explain, where ${EXPLAINED_ROWS_MAX} are the most`);
    // Rows that bring no key of their own go together.
    const key =
      requestKey(service.deployed.traffic?.stickyBy, asked) ?? id ?? (rows.length > 1 ? systemIds() : undefined);
    const held = new HeldRecords();
    const predictAll = () =>
      rows.map((row, at) => service.predict(row, { id: rowId(id, at, rows), explain, key, log: held, isTrial }));
    const predictions = this.#online === undefined ? predictAll() : this.#online.snapshot(predictAll);
    held.release(this.#log);
    if (isTrial !== true) this.answered += predictions.length;
    return predictions;
  }

  /** What the versions that share requests have answered, since this process began. */
  traffic(): TrafficCounts {
    return this.#traffic.counts();
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
      ...phaseMetrics([...this.#services.values()].flatMap(measuredOf)),
      ...processMetrics(),
      ...this.#traffic.metrics(),
      "",
    ].join("\n");
  }

  async close(): Promise<void> {
    await this.#functions.close();
    this.#log.close();
    this.#traffic.close();
    this.#online?.close();
  }
}

/** The caller's id names a row alone; the rows of many it numbers. */
function rowId(id: string | undefined, at: number, rows: Asked["rows"]): string | undefined {
  if (id === undefined || rows.length === 1) return id;
  return `${id}-${at}`;
}

function unknownService(because: string): Error {
  return servingErrors.create("serving/unknown-service", { because });
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

/** Of all the versions that share a service's requests. */
function measuredOf(service: LoadedService): readonly PhasesOf[] {
  return (service.variants ?? [service]).flatMap(({ measured }) => measured ?? []);
}
