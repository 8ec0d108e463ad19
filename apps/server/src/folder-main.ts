import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createLineLogger } from "@millwright/platform";
import type { ModelRegistry, ModelStorage } from "@millwright/serving/inference";
import type { ShardPlace } from "@millwright/serving/shards";
import { runKept } from "./run-kept.ts";
import { serveFolder, type FolderServing, type ServeFolderOptions } from "./serve-folder.ts";

// The serving process of a folder of models, or one of several: its parent keeps it up.

/** Plain data: it crosses to the process. */
export interface FolderSettings extends Omit<ServeFolderOptions, "logger" | "stored" | "onProgress"> {
  readonly stored:
    | {
        readonly uris: readonly (readonly [name: string, uri: string])[];
        readonly storage: Omit<ModelStorage, "registry">;
      }
    | undefined;
  /** Where it is one of several processes. */
  readonly shard?: ShardPlace | undefined;
}

export interface FolderReady extends Pick<FolderServing, "restPort" | "grpcPort"> {
  readonly models: Awaited<ReturnType<FolderServing["models"]>>;
}

/** What is asked of the keeper, who knows the project. */
export type RegistryAsked = Parameters<ModelRegistry["find"]>[0];

/** What it asks its keeper as one of several: that all have answered their callers for the last time. */
export const DRAINED = "drained";

/** Where the keeper has gone, the others end as well: they get so long. */
const KEEPER_GONE_MS = 500;

/** What it does before it is ready, in words. */
export type FolderTold = string;

/** A connection that the keeper has let in comes beside such a message. */
export interface HandedTo {
  readonly handed: "rest" | "grpc";
}

runKept<FolderSettings, FolderReady, FolderTold>(async ({ stored, shard, ...settings }, { ask, tell }) => {
  const logger = createLineLogger((line) => process.stderr.write(`${line}\n`));
  const registry: ModelRegistry = { find: (asked) => ask(asked) as ReturnType<ModelRegistry["find"]> };
  const options = {
    ...settings,
    stored: stored && { uris: new Map(stored.uris), storage: { ...stored.storage, registry } },
    onProgress: tell,
    logger,
  };
  if (shard === undefined) {
    const serving = await serveFolder(options);
    const { restPort, grpcPort } = serving;
    return { ready: { restPort, grpcPort, models: await serving.models() }, close: () => serving.close() };
  }
  const onDrained = () =>
    ask(DRAINED).then(
      () => undefined,
      () => sleep(KEEPER_GONE_MS),
    );
  const { serveShard } = await import("./serve-shard.ts");
  const serving = await serveShard({ ...options, shard, onDrained });
  process.on("message", (message: Partial<HandedTo>, connection?: Socket) => {
    if (message.handed !== undefined && connection !== undefined) serving.take(message.handed, connection);
  });
  return { ready: { restPort: 0, grpcPort: 0, models: await serving.models() }, close: () => serving.close() };
});
