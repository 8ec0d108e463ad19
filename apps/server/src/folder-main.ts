import { createLineLogger } from "@millwright/platform";
import type { ModelRegistry, ModelStorage } from "@millwright/serving/inference";
import { runKept } from "./run-kept.ts";
import { serveFolder, type FolderServing, type ServeFolderOptions } from "./serve-folder.ts";

// The serving process of a folder of models: its parent keeps it up.

/** Plain data: it crosses to the process. */
export interface FolderSettings extends Omit<ServeFolderOptions, "logger" | "stored" | "onProgress"> {
  readonly stored:
    | {
        readonly uris: readonly (readonly [name: string, uri: string])[];
        readonly storage: Omit<ModelStorage, "registry">;
      }
    | undefined;
}

export interface FolderReady extends Pick<FolderServing, "restPort" | "grpcPort"> {
  readonly models: Awaited<ReturnType<FolderServing["models"]>>;
}

/** What is asked of the keeper, who knows the project. */
export type RegistryAsked = Parameters<ModelRegistry["find"]>[0];

/** What it does before it is ready, in words. */
export type FolderTold = string;

runKept<FolderSettings, FolderReady, FolderTold>(async ({ stored, ...settings }, { ask, tell }) => {
  const logger = createLineLogger((line) => process.stderr.write(`${line}\n`));
  const registry: ModelRegistry = { find: (asked) => ask(asked) as ReturnType<ModelRegistry["find"]> };
  const serving = await serveFolder({
    ...settings,
    stored: stored && { uris: new Map(stored.uris), storage: { ...stored.storage, registry } },
    onProgress: tell,
    logger,
  });
  const { restPort, grpcPort } = serving;
  return { ready: { restPort, grpcPort, models: await serving.models() }, close: () => serving.close() };
});
