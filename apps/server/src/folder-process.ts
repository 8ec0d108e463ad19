import { keepProcess } from "./kept-process.ts";
import type { FolderReady, FolderTold, RegistryAsked } from "./folder-main.ts";
import type { ServeFolderOptions } from "./serve-folder.ts";

/** The serving process of a folder of models. */
export interface FolderProcess extends FolderReady {
  readonly pid: number | undefined;
  close(): Promise<void>;
}

/** More than what it gives its callers itself. */
const ENDS_WITHIN_MS = 7_000;

/** Serves a folder of models in a process that is kept up, on its ports. Throws `platform/port-taken` and what loading throws. */
export async function keepFolderServing({
  logger,
  stored,
  onProgress,
  ...told
}: ServeFolderOptions): Promise<FolderProcess> {
  const { registry, ...storage } = stored?.storage ?? {};
  const settings = { ...told, stored: stored && { uris: [...stored.uris], storage } };
  const kept = await keepProcess<FolderReady, FolderTold>({
    entry: new URL("./folder-main.ts", import.meta.url),
    named: "the serving process",
    settings: (before) => ({
      ...settings,
      restPort: before?.restPort ?? settings.restPort,
      grpcPort: before?.grpcPort ?? settings.grpcPort,
    }),
    onTold: (message) => onProgress?.(message),
    onAsked: async (asked: RegistryAsked) => registry?.find(asked),
    errors: "inherit",
    logger,
    endsWithinMs: ENDS_WITHIN_MS,
  });
  return {
    ...kept.ready,
    get pid() {
      return kept.pid;
    },
    close: () => kept.close(),
  };
}
