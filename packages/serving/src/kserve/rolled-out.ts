import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@millwright/kernel";
import type { PlannedModel } from "./plan.ts";

/** A model that was loaded and answers: what comes after it has to be loaded before it gives way. */
export interface RolledOutModel {
  /** The document's, by `keyOf`. */
  readonly key: string;
  readonly model: PlannedModel;
  /** The document, its path written out in full. */
  readonly text: string;
}

const FOLDER = ".rolled-out";
const ENDING = ".json";

const fileOf = (documents: string, name: string) => join(documents, FOLDER, `${encodeURIComponent(name)}${ENDING}`);

/** What was rolled out last of a folder's documents, by the model's name; it outlives the process. */
export async function readRolledOut(documents: string): Promise<ReadonlyMap<string, RolledOutModel>> {
  const names = await readdir(join(documents, FOLDER)).catch(() => []);
  const found = new Map<string, RolledOutModel>();
  for (const file of names.filter((name) => name.endsWith(ENDING))) {
    const text = await readFile(join(documents, FOLDER, file), "utf8").catch(() => "");
    const read = parsed(text);
    if (read !== undefined) found.set(read.model.name, read);
  }
  return found;
}

/** What cannot be read, or is of another version of this program, is as if it were not there. */
function parsed(text: string): RolledOutModel | undefined {
  try {
    const { key, model, text: document } = JSON.parse(text) as Partial<RolledOutModel>;
    const isWhole = [key, document, model?.name, model?.uri, model?.format].every((one) => typeof one === "string");
    return isWhole && typeof model?.config === "object"
      ? ({ key, model, text: document } as RolledOutModel)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Notes what is rolled out now, where it is another than before. A folder that cannot be written to is told of. */
export async function noteRolledOut(
  documents: string,
  {
    before,
    now,
    logger,
  }: {
    readonly before: ReadonlyMap<string, RolledOutModel>;
    readonly now: ReadonlyMap<string, RolledOutModel>;
    readonly logger: Logger;
  },
): Promise<void> {
  try {
    if (now.size > 0) await mkdir(join(documents, FOLDER), { recursive: true });
    for (const [name, model] of now)
      if (JSON.stringify(before.get(name)) !== JSON.stringify(model))
        await write(fileOf(documents, name), JSON.stringify(model));
    for (const name of before.keys()) if (!now.has(name)) await rm(fileOf(documents, name), { force: true });
  } catch (error) {
    logger.warn({ err: error }, "what is rolled out could not be noted: after a restart the documents alone tell it");
  }
}

/** Whole or not at all, and not waited for until it is on the disk: there may be thousands, and each can be found out again. */
async function write(file: string, text: string): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, text);
  await rename(part, file);
}

/** Forgets what was rolled out of a document. */
export async function forgetRolledOut(documents: string, key: string): Promise<void> {
  for (const [name, rolledOut] of await readRolledOut(documents))
    if (rolledOut.key === key) await rm(fileOf(documents, name), { force: true });
}
