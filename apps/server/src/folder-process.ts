import { keepProcess, type KeptProcess } from "./kept-process.ts";
import type { DRAINED, FolderReady, FolderSettings, FolderTold, RegistryAsked } from "./folder-main.ts";
import type { ServeFolderOptions } from "./serve-folder.ts";

/** The serving process of a folder of models, or several that are one to their callers. */
export interface FolderProcess extends FolderReady {
  /** Of those that are there. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

export interface KeepFolderOptions extends ServeFolderOptions {
  /** How many processes share the models; one unless told. */
  readonly shards?: number | undefined;
}

/**
 * New objects get 4 MB in place of 16, three times over: with thousands of models in memory 36 MB less for a twentieth more of
 * a small request's processor time.
 */
const MEMORY_FLAGS = ["--max-semi-space-size=4"];

/** More than what it gives its callers itself. */
const ENDS_WITHIN_MS = 7_000;

/** Serves a folder of models in processes that are kept up, on its ports. Throws `platform/port-taken` and what loading throws. */
export async function keepFolderServing({ shards = 1, ...options }: KeepFolderOptions): Promise<FolderProcess> {
  if (shards > 1) {
    const { keepShards } = await import("./kept-shards.ts");
    return keepShards(options, shards);
  }
  const kept = await keepFolder(options, {});
  return {
    ...kept.ready,
    get pids() {
      return kept.pid === undefined ? [] : [kept.pid];
    },
    close: () => kept.close(),
  };
}

/** What one of several processes is told besides. */
interface ShardTold extends Pick<FolderSettings, "shard"> {
  readonly onDrained?: () => Promise<void>;
}

/** Keeps one process up. */
export function keepFolder(
  { logger, stored, onProgress, ...told }: ServeFolderOptions,
  { shard, onDrained }: ShardTold,
): Promise<KeptProcess<FolderReady>> {
  const { registry, ...storage } = stored?.storage ?? {};
  const settings = { ...told, shard, stored: stored && { uris: [...stored.uris], storage } };
  return keepProcess<FolderReady, FolderTold>({
    entry: new URL("./folder-main.ts", import.meta.url),
    named: shard === undefined ? "the serving process" : `the serving process ${shard.index + 1} of ${shard.count}`,
    settings: (before) => ({
      ...settings,
      restPort: before?.restPort ?? settings.restPort,
      grpcPort: before?.grpcPort ?? settings.grpcPort,
    }),
    onTold: (message) => onProgress?.(message),
    onAsked: async (asked: RegistryAsked | typeof DRAINED) =>
      typeof asked === "string" ? onDrained?.() : registry?.find(asked),
    errors: "inherit",
    execArgv: MEMORY_FLAGS,
    logger,
    endsWithinMs: ENDS_WITHIN_MS,
  });
}
