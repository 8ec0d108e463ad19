import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isMillError } from "@millwright/kernel";
import { openDelta, type DeltaPlace, type DeltaTable, type SqlEngine } from "@millwright/lakehouse";
import { ingestionErrors } from "./errors.ts";
import type { SourceDefinition } from "./source.ts";

type DeltaSource = Pick<SourceDefinition, "name" | "delta">;

/** Whether a folder is a Delta table. */
export async function isDeltaTable(folder: string): Promise<boolean> {
  return (await stat(join(folder, "_delta_log")).catch(() => undefined))?.isDirectory() === true;
}

/** The table at the version that the source names, or the newest. Throws `ingestion/unreadable`, `ingestion/path-outside`. */
export async function openDeltaSource(
  engine: Pick<SqlEngine, "query">,
  source: DeltaSource,
  folder: string,
): Promise<DeltaTable> {
  try {
    return await openDelta(engine, placeOf(source, folder), source.delta?.version);
  } catch (error) {
    if (!isMillError(error) || error.code === "ingestion/path-outside") throw error;
    throw ingestionErrors.create("ingestion/unreadable", {
      because: `${source.name}: the Delta table ${basename(folder)} cannot be read: ${error.because.split("\n")[0] ?? ""}`,
      where: { file: basename(folder) },
      cause: error,
    });
  }
}

/** What lies in the folder alone: a log may name any file of the machine. */
function placeOf(source: DeltaSource, folder: string): DeltaPlace {
  const log = join(folder, "_delta_log");
  const locate = (path: string): string => {
    const place = path.startsWith("file:") ? fileURLToPath(path) : join(path.startsWith("/") ? "/" : folder, path);
    if (place.startsWith(folder + sep)) return place;
    throw outside(source, path);
  };
  return {
    log: { list: () => readdir(log), read: (name) => readFile(join(log, name)), place: (name) => join(log, name) },
    locate,
    read: async (place) => {
      const real = await realpath(place);
      if (!real.startsWith(folder + sep)) throw outside(source, place);
      return readFile(real);
    },
  };
}

function outside({ name }: DeltaSource, path: string): Error {
  return ingestionErrors.create("ingestion/path-outside", {
    because: `${name}: the Delta table's log names ${path.slice(0, 200)}`,
  });
}

/** A version of a table is for ever: the hash of the commit, or checkpoint, that made it is the hash of all its rows. */
export async function deltaHash(folder: string, { delta }: DeltaSource): Promise<string> {
  const log = join(folder, "_delta_log");
  const names = await readdir(log);
  const versions = names.filter((name) => /^\d{20}\.(?:json|checkpoint\..*parquet)$/.test(name)).toSorted();
  const asked = delta?.version === undefined ? undefined : String(delta.version).padStart(20, "0");
  const newest = asked ?? versions.at(-1)?.slice(0, 20) ?? "";
  const own = versions.filter((name) => name.startsWith(newest));
  const made = own.find((name) => name.endsWith(".json")) ?? own[0];
  return createHash("sha256")
    .update(made === undefined ? newest : await readFile(join(log, made)))
    .digest("hex");
}
