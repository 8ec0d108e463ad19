import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { toProblem, type ProgressSink } from "@millwright/kernel";
import { verifyFiles, type FileFinding } from "@millwright/lakehouse";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { damagedIn, verifySqlite } from "@millwright/platform";
import type { Project } from "@millwright/project";
import { deployedServices } from "@millwright/serving";
import { openMetadata } from "./metadata.ts";
import { openTableCatalogs } from "./table-catalogs.ts";
import type { StatePaths } from "./paths.ts";

/** One thing that was looked at, and whether it is as it was written. */
export interface StateFinding {
  /** A part of the state, or a damaged file by its path below the state's folder. */
  readonly what: string;
  readonly found: string;
  readonly holds: boolean;
  /** What to do, where it does not hold. */
  readonly not?: string;
}

const MADE_ANEW = "bring it from a backup, or `mill run --select NAME --force` makes it anew";

/**
 * Reads every file of a project's state that an answer may rest on, and holds it against what was written: the databases
 * by their seals, the lake and the models' files by their SHA-256. Repairs nothing.
 */
export async function verifyState(
  settings: Project["settings"],
  paths: StatePaths,
  progress: ProgressSink,
): Promise<readonly StateFinding[]> {
  const metadata = settings.engines.metadata === undefined ? verifyDatabase(paths.metadata) : keptElsewhere();
  const lake = metadata.holds
    ? await verifyLake(settings, paths, progress)
    : [untold("lake", "the metadata is damaged")];
  return [
    metadata,
    verifyDatabase(paths.online),
    ...lake,
    ...(await verifyModels(paths)),
    await verifyDeployment(paths),
  ];
}

function verifyDatabase(path: string): StateFinding {
  const what = basename(path);
  const { seal, problems } = verifySqlite(path);
  const told = {
    absent: "not there",
    whole: "as it was left",
    unsealed: "open, or not closed in order: its structure holds, its rows have no checksum",
    damaged: "not as it was left",
  }[seal];
  if (seal !== "damaged" && problems.length === 0) return { what, found: told, holds: true };
  const found = problems[0] ?? told;
  return { what, found, holds: false, not: "damaged: bring it from a backup, or `mill clean` and `mill run`" };
}

function keptElsewhere(): StateFinding {
  return { what: "metadata", found: "in Postgres, which checks its own pages (`show data_checksums`)", holds: true };
}

function untold(what: string, because: string): StateFinding {
  return { what, found: `cannot be told: ${because}`, holds: false, not: "mend what is above first" };
}

async function verifyLake(
  settings: Project["settings"],
  paths: StatePaths,
  progress: ProgressSink,
): Promise<readonly StateFinding[]> {
  const database = await openMetadata(settings, paths, { environment: process.env, exclusive: false });
  try {
    const { locations = [] } = settings.engines.catalog ?? {};
    const store = openLocalObjectStore({ root: paths.lake, further: locations });
    const catalogs = await openTableCatalogs(settings, { database, store, environment: process.env });
    const { catalog } = catalogs.on("main");
    const { files, bytes, findings } = await verifyFiles({ store, catalog }, progress);
    const damaged = findings.filter(({ damage }) => damage !== "unknown");
    const unknown = findings.length - damaged.length;
    const found =
      `${files} files, ${bytes} bytes` + (unknown === 0 ? "" : `; ${unknown} tables from before checksums were kept`);
    return [summary("lake", found, damaged.length), ...damaged.map((file) => damagedFile("lake", file))];
  } finally {
    await database.close();
  }
}

async function verifyModels(paths: StatePaths): Promise<readonly StateFinding[]> {
  const folders = await readdir(paths.artifacts).catch(() => []);
  const findings: StateFinding[] = [];
  for (const folder of folders) findings.push(...(await verifyFolder(paths, join(paths.artifacts, folder))));
  return [summary("models", `the files of ${folders.length} runs`, findings.length), ...findings];
}

async function verifyFolder(paths: StatePaths, folder: string): Promise<readonly StateFinding[]> {
  try {
    const damaged = await damagedIn(folder);
    return damaged.map((file) => damagedFile("", { ...file, path: relative(paths.root, file.path) }));
  } catch (error) {
    return [{ what: relative(paths.root, folder), found: toProblem(error).detail, holds: false, not: MADE_ANEW }];
  }
}

async function verifyDeployment({ deployment }: StatePaths): Promise<StateFinding> {
  const what = "deployment";
  try {
    const services = await deployedServices(deployment);
    return { what, found: `${services.length} services`, holds: true };
  } catch (error) {
    const { detail, remedy } = toProblem(error);
    return { what, found: detail, holds: false, not: remedy };
  }
}

function summary(what: string, found: string, damaged: number): StateFinding {
  if (damaged === 0) return { what, found, holds: true };
  return { what, found, holds: false, not: `${damaged} of them damaged, named below` };
}

function damagedFile(folder: string, { path, damage }: Pick<FileFinding, "path" | "damage">): StateFinding {
  const found = damage === "missing" ? "missing" : "its bytes are not those that were written";
  return { what: join(folder, path), found, holds: false, not: MADE_ANEW };
}
