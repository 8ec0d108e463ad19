import type { ModelConfig } from "./model-config.ts";
import type { InferenceModel } from "./ports.ts";
import { Statistics } from "./statistics.ts";

/** One version of a model that answers. */
export interface ServedModel {
  readonly name: string;
  readonly version: string;
  readonly model: InferenceModel;
  readonly config: ModelConfig;
  readonly statistics: Statistics;
  /** Runs something on it; what was begun ends, also after it was retired. */
  use<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Closes the model once nothing runs on it any more. */
  retire(): void;
}

export function serveModel(
  told: Pick<ServedModel, "name" | "version" | "model" | "config">,
  onCloseFailed: (error: unknown) => void,
): ServedModel {
  let running = 0;
  let isRetired = false;
  const closeWhenIdle = () => {
    if (isRetired && running === 0) told.model.close().catch(onCloseFailed);
  };
  return {
    ...told,
    statistics: new Statistics(),
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
      closeWhenIdle();
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
  /** The served versions of a model, in their order. */
  versions(name: string): readonly ServedModel[];
  served(): readonly ServedModel[];
  /** Loads or reloads a model; the versions before serve until it is loaded. Throws `inference/cannot-load`. */
  load(name: string, options?: LoadOptions): Promise<void>;
  unload(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface LoadOptions {
  /** In place of the folder's own, as JSON text. */
  readonly config?: string | undefined;
}
