import { readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { interpreterAt } from "./interpreter.ts";

/** Beside the environments lies, for each that is whole, a file by its key that tells its folder. */
const LISTED = ".json";
/** By its key, its maker and chance. */
const ENVIRONMENT = /^[0-9a-f]{16}-(\d+)-[0-9a-f]{8}$/;
const DAY_MS = 86_400_000;
/** Environments take gigabytes, and each change of the requirements makes another one. */
export const UNUSED_DAYS = 30;

/** The interpreter of an environment that is there, whole. From now on it counts as used today. */
export async function keptAt(folder: string, key: string): Promise<string | undefined> {
  try {
    const { name } = JSON.parse(await readFile(join(folder, `${key}${LISTED}`), "utf8")) as { readonly name: string };
    const found = await interpreterAt(join(folder, name));
    await markUsed(folder, key);
    return found;
  } catch {
    return undefined;
  }
}

/** Lists an environment that has become whole. */
export async function keep(folder: string, key: string, name: string): Promise<void> {
  const pointer = join(folder, `${key}${LISTED}`);
  await writeFile(`${pointer}.${name}`, JSON.stringify({ name }));
  await rename(`${pointer}.${name}`, pointer);
}

/** For as long as this process lives, what it has asked for counts as used. */
export function keepUsed(folder: string, key: () => string | undefined): void {
  setInterval(() => {
    const used = key();
    if (used !== undefined) void markUsed(folder, used);
  }, DAY_MS).unref();
}

/** Where it is kept may be read only. */
async function markUsed(folder: string, key: string): Promise<void> {
  const now = new Date();
  await utimes(join(folder, `${key}${LISTED}`), now, now).catch(() => undefined);
}

/** Removes what nobody has used for thirty days, and what was begun by processes that are no more; tells how many were used once. */
export async function removeUnused(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): readonly string[] => []);
  const pointers = names.filter((name) => name.endsWith(LISTED));
  const listed = (await Promise.all(pointers.map(async (pointer) => listedBy(folder, pointer)))).flat();
  const unused = listed.filter(({ unusedMs }) => unusedMs > UNUSED_DAYS * DAY_MS);
  for (const { pointer, name } of unused) {
    await rm(join(folder, pointer), { force: true });
    await rm(join(folder, name), { recursive: true, force: true });
  }
  for (const name of names) {
    const [, pid] = ENVIRONMENT.exec(name) ?? [];
    if (pid === undefined || listed.some((of) => of.name === name) || isAlive(Number(pid))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
  return unused.length;
}

interface Listed {
  readonly pointer: string;
  readonly name: string;
  readonly unusedMs: number;
}

/** What is no pointer of ours names nothing. */
async function listedBy(folder: string, pointer: string): Promise<readonly Listed[]> {
  const place = join(folder, pointer);
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(place, "utf8"), stat(place)]);
    const { name } = JSON.parse(text) as { readonly name: string };
    return ENVIRONMENT.test(name) ? [{ pointer, name, unusedMs: Date.now() - mtimeMs }] : [];
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
