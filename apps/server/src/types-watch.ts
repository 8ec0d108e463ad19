import { watch, type FSWatcher } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { toProblem, type Logger, type Problem } from "@millwright/kernel";
import type { Lakehouse } from "@millwright/lakehouse";
import {
  reloadProject,
  type Project,
  type ProjectHalves,
  type StandingReader,
  type WrittenTypes,
} from "@millwright/project";
import { installation } from "./installation.ts";
import { renewTypes, type TypeSources } from "./project-types.ts";

export interface TypesWatchOptions {
  /** As it was read just now; its types are made. */
  readonly project: Project;
  /** Before it was read: what has been saved since is made good. */
  readonly readAtMs: number;
  readonly reader: StandingReader;
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
const DEFINITION_FOLDERS = ["sources", "features", "training", "services"];
const DBT_FOLDERS = ["models", "seeds", "snapshots", "macros"];
const FOLDERS = [...DEFINITION_FOLDERS, ...DBT_FOLDERS];
const TOP_FILES = /^(millwright\.ts|[\w-]+\.ya?ml)$/;
/** What a definition file may import. */
const SCRIPT = /\.(?:[cm]?[jt]s|json)$/;
/** An editor's save is several events. */
const GATHER_MS = 20;
/** By so much the times of files lag behind the clock. */
const LAG_MS = 20;

/**
 * Renews a project's types after each save, without running anything: what no save has touched is not read again, and a
 * model whose SELECT is what it was is not described again. A project that cannot be read keeps the types that it had.
 */
export function watchTypes(options: TypesWatchOptions): TypesWatch {
  const { lakehouse, tracking, logger, reader, onRenewed } = options;
  const { dir } = options.project;
  const { millwrightUrl } = installation();
  let project = options.project;
  let changed: ProjectHalves = { definitions: false, dbt: false };
  let savedAtMs: number | undefined;
  let isClosed = false;
  let renewing: Promise<void> = Promise.resolve();
  const reload = async () => {
    const reread = changed;
    changed = { definitions: false, dbt: false };
    try {
      project = await reloadProject(project, reread, { projectDir: dir, millwrightUrl, reader });
    } catch (error) {
      changed = either(changed, reread);
      throw error;
    }
  };
  const renew = async () => {
    if (isClosed) return;
    const startedMs = savedAtMs ?? performance.now();
    savedAtMs = undefined;
    const written = await reload()
      .then(() => renewTypes(project, { lakehouse, tracking }))
      .catch((error: unknown) => {
        if (!isClosed) logger.info({ err: error }, "the types could not be renewed");
        return toProblem(error);
      });
    onRenewed?.(renewalOf(written, performance.now() - startedMs));
    reader.prepare();
  };
  const saved = (halves: ProjectHalves) => {
    changed = either(changed, halves);
    if (savedAtMs !== undefined) return;
    savedAtMs = performance.now();
    // The engine ends when it has nothing to do. It starts while the files are read.
    if (halves.dbt) lakehouse.describe("SELECT 1 AS one").catch(() => undefined);
    setTimeout(() => {
      renewing = renewing.then(renew);
    }, GATHER_MS);
  };
  const watchers = new Map<string, FSWatcher>();
  const watchFolders = () => {
    for (const folder of FOLDERS.filter((name) => !watchers.has(name))) {
      const watcher = watchFolder(join(dir, folder), (name) => saved(halvesOf(folder, name)));
      if (watcher !== undefined) watchers.set(folder, watcher);
    }
  };
  watchFolders();
  const top = watch(dir, (_event, name) => {
    if (name !== null && FOLDERS.includes(name)) watchFolders();
    if (name === null || FOLDERS.includes(name)) saved({ definitions: true, dbt: true });
    else if (TOP_FILES.test(name)) saved({ definitions: SCRIPT.test(name), dbt: !SCRIPT.test(name) });
  });
  const caughtUp = savedSince(dir, options.readAtMs - LAG_MS).then((isSaved) => {
    if (isSaved && !isClosed) saved({ definitions: true, dbt: true });
  });
  // Whoever has begun to watch has more to do at once.
  setTimeout(() => reader.prepare(), GATHER_MS).unref();
  return {
    close: async () => {
      isClosed = true;
      for (const watcher of [top, ...watchers.values()]) watcher.close();
      reader.close();
      await caughtUp;
      await renewing;
    },
  };
}

/** What a file belongs to: a script among models may be imported by definitions, other files among these may be dbt's. */
function halvesOf(folder: string, name: string | null): ProjectHalves {
  if (name === null) return { definitions: true, dbt: true };
  const isDbt = DBT_FOLDERS.includes(folder);
  const isScript = SCRIPT.test(name);
  return { definitions: !isDbt || isScript, dbt: isDbt || !isScript };
}

/** Whether anything that types come from was saved, made or removed since then: a removal shows on its folder. */
async function savedSince(dir: string, sinceMs: number): Promise<boolean> {
  const top = (await readdir(dir)).filter((name) => TOP_FILES.test(name) || FOLDERS.includes(name));
  const below = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await readdir(join(dir, folder), { recursive: true }).catch(() => []);
      return names.map((name) => join(folder, name));
    }),
  );
  const times = await Promise.all(
    [...top, ...below.flat()].map((name) =>
      stat(join(dir, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => Number.POSITIVE_INFINITY,
      ),
    ),
  );
  return times.some((time) => time >= sinceMs);
}

function either(one: ProjectHalves, other: ProjectHalves): ProjectHalves {
  return { definitions: one.definitions || other.definitions, dbt: one.dbt || other.dbt };
}

function renewalOf(written: WrittenTypes | Problem, tookMs: number): Renewal {
  return "typesFile" in written
    ? { ...written, tookMs, error: null }
    : { typesFile: null, changed: false, tookMs, error: written };
}

function watchFolder(folder: string, saved: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, { recursive: true }, (_event, name) => saved(name));
  } catch {
    // A project need not have every folder.
    return undefined;
  }
}
