import type { GivenFiles } from "./given-models.ts";
import type { Clock } from "@millwright/kernel";
import type { Eviction, MeshLatencies } from "./mesh-record.ts";
import type { ModelConfig } from "./model-config.ts";
import { configuredPayloads, type PayloadSettings } from "../payloads/payload-settings.ts";
import type { AskedBy, InferenceModel } from "./ports.ts";
import { schedulingPolicy } from "./scheduling/policy.ts";
import { Scheduler } from "./scheduling/scheduler.ts";
import { Statistics } from "./statistics.ts";

/** One version of a model that answers. */
export interface ServedModel {
  readonly name: string;
  readonly version: string;
  readonly model: InferenceModel;
  readonly config: ModelConfig;
  /** What it takes in memory. */
  readonly bytes: number;
  readonly statistics: Statistics;
  /** Executes its requests. */
  readonly scheduler: Scheduler;
  /** What its configuration says of the payload log. */
  readonly payloads: Partial<PayloadSettings>;
  /** Where two revisions share its requests: the one that is to answer a request. */
  readonly revisionFor?: (asked: Pick<AskedBy, "id" | "parameters">) => ServedModel;
  /** Told how long each request took from its arrival to its answer, in milliseconds, where that is counted by who serves it. */
  readonly took?: ((ms: number) => void) | undefined;
  /** Where it was read from, if that is a folder of the models' own. */
  readonly origin?: ModelOrigin | undefined;
  /** Of this load of it alone: no other, before or after it, has the same. */
  readonly load: number;
  /** Runs something on it; what was begun ends, also after it was retired. */
  use<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Closes the model once nothing runs on it any more. */
  retire(): void;
  /** Resolves once it has been closed. */
  readonly closed: Promise<void>;
}

/** What a model was read from: another process reads the same there, as long as nothing of it changes. */
export interface ModelOrigin {
  /** All of the model lies in it. */
  readonly folder: string;
  /** What has changed since then, in wall time, was not read. */
  readonly sinceMs: number;
  /** What it was loaded with in place of its own configuration. */
  readonly config: string | undefined;
}

let loads = 0;

/** Throws `inference/cannot-load` where its configuration asks for what cannot be. */
export function serveModel(
  told: Pick<ServedModel, "name" | "version" | "model" | "config" | "bytes" | "origin">,
  {
    clock,
    onCloseFailed,
  }: { readonly clock: Pick<Clock, "monotonicMs">; readonly onCloseFailed: (error: unknown) => void },
): ServedModel {
  const statistics = new Statistics();
  const { model } = told;
  const payloads = configuredPayloads(told.config);
  const onExecution = statistics.executed.bind(statistics);
  const scheduler = new Scheduler({
    model,
    policy: schedulingPolicy(told.config, model.executions),
    clock,
    onExecution,
  });
  loads += 1;
  let running = 0;
  let isRetired = false;
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const closeWhenIdle = () => {
    if (isRetired && running === 0) told.model.close().catch(onCloseFailed).finally(onClosed);
  };
  return {
    ...told,
    statistics,
    scheduler,
    payloads,
    load: loads,
    closed,
    use: async (work) => {
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
        closeWhenIdle();
      }
    },
    retire: () => {
      if (isRetired) return;
      isRetired = true;
      // Not at once: whoever has just found it is about to use it.
      setImmediate(closeWhenIdle);
    },
  };
}

/** A version in the repository's index. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: "READY" | "UNAVAILABLE" | "LOADING";
  readonly reason: string;
}

/** The models that a server answers for. */
export interface ModelDirectory {
  index(): Promise<readonly IndexEntry[]>;
  /** The newest version that is served, unless one is named. Throws `inference/unknown-model` and `inference/not-ready`. */
  find(name: string, version?: string): ServedModel;
  /** The same; a model that is loaded on demand is loaded first. */
  obtain(name: string, version?: string): Promise<ServedModel>;
  /** Whether a request to a model would be answered, be it after its load. Throws `inference/unknown-model`. */
  answers(name: string): Promise<boolean>;
  /** The served versions of a model, in their order. */
  versions(name: string): readonly ServedModel[];
  served(): readonly ServedModel[];
  /** Loads or reloads a model; the versions before serve until it is loaded. Throws `inference/cannot-load`. */
  load(name: string, options?: LoadOptions): Promise<void>;
  /** Takes a model away, until it is loaded by name again. */
  unload(name: string): Promise<void>;
  residency(): Residency;
  close(): Promise<void>;
}

/** What is in memory, and what was done to have it there. */
export interface Residency {
  readonly models: number;
  readonly bytes: number;
  /** Without a bound, all models are loaded at the start. */
  readonly bytesMax: number | undefined;
  readonly loads: number;
  readonly evictions: number;
  /** The names of those that stay when others need room. */
  readonly pinned?: readonly string[];
  /** Those that made room last, the newest first. */
  readonly lately?: readonly Eviction[];
  /** Of models that are loaded on demand. */
  readonly latencies?: MeshLatencies;
}

export interface LoadOptions {
  /** In place of the folder's own, as JSON text. */
  readonly config?: string | undefined;
  /** In place of the folder's own. */
  readonly files?: GivenFiles | undefined;
}
