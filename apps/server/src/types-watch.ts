import { watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { toProblem, type Logger, type Problem } from "@millwright/kernel";
import type { Lakehouse } from "@millwright/lakehouse";
import { createStandingReader, loadProject, type WrittenTypes } from "@millwright/project";
import { installation } from "./installation.ts";
import { renewTypes, type TypeSources } from "./project-types.ts";

export interface TypesWatchOptions {
  readonly projectDir: string;
  readonly lakehouse: Lakehouse;
  readonly tracking: TypeSources["tracking"];
  readonly logger: Logger;
  /** After each renewal, also one that changed nothing; after a save that cannot be read, with why. */
  readonly onRenewed?: (renewal: Renewal) => void;
}

export interface Renewal {
  readonly typesFile: string | null;
  readonly changed: boolean;
  /** From the first save that it answers. */
  readonly tookMs: number;
  readonly error: Problem | null;
}

export interface TypesWatch {
  close(): Promise<void>;
}

/** What types come from. The folders of state and of packages are not watched. */
const FOLDERS = ["sources", "models", "seeds", "snapshots", "macros", "features", "training", "services"];
const TOP_FILES = /^(millwright\.ts|[\w-]+\.ya?ml)$/;
/** An editor's save is several events. */
const GATHER_MS = 20;

/** Renews a project's types after each save, without running anything. A project that cannot be read keeps those it had. */
export function watchTypes({ projectDir, lakehouse, tracking, logger, onRenewed }: TypesWatchOptions): TypesWatch {
  const { millwrightUrl } = installation();
  const reader = createStandingReader({ projectDir, millwrightUrl });
  let savedAtMs: number | undefined;
  let isClosed = false;
  let renewing: Promise<void> = Promise.resolve();
  const renew = async () => {
    if (isClosed) return;
    const startedMs = savedAtMs ?? performance.now();
    savedAtMs = undefined;
    const written = await loadProject({ projectDir, millwrightUrl, reader })
      .then((project) => renewTypes(project, { lakehouse, tracking }))
      .catch((error: unknown) => {
        if (!isClosed) logger.info({ err: error }, "the types could not be renewed");
        return toProblem(error);
      });
    onRenewed?.(renewalOf(written, performance.now() - startedMs));
  };
  const saved = () => {
    if (savedAtMs !== undefined) return;
    savedAtMs = performance.now();
    setTimeout(() => {
      renewing = renewing.then(renew);
    }, GATHER_MS);
  };
  const watchers = new Map<string, FSWatcher>();
  const watchFolders = () => {
    for (const folder of FOLDERS.filter((name) => !watchers.has(name))) {
      const watcher = watchFolder(join(projectDir, folder), saved);
      if (watcher !== undefined) watchers.set(folder, watcher);
    }
  };
  watchFolders();
  const top = watch(projectDir, (_event, name) => {
    if (name !== null && FOLDERS.includes(name)) watchFolders();
    if (name === null || FOLDERS.includes(name) || TOP_FILES.test(name)) saved();
  });
  // So that the first save finds what stayed as it was.
  saved();
  return {
    close: async () => {
      isClosed = true;
      for (const watcher of [top, ...watchers.values()]) watcher.close();
      reader.close();
      await renewing;
    },
  };
}

function renewalOf(written: WrittenTypes | Problem, tookMs: number): Renewal {
  return "typesFile" in written
    ? { ...written, tookMs, error: null }
    : { typesFile: null, changed: false, tookMs, error: written };
}

function watchFolder(folder: string, saved: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { recursive: true }, saved);
  } catch {
    // A project need not have every folder.
    return undefined;
  }
}
