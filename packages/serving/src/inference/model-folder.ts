import type { Dirent } from "node:fs";
import { access, lstat, readFile, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { MillError } from "@millwright/kernel";
import { inferenceErrors } from "./errors.ts";
import { CONFIG_FILE, findModelFile, type FormatName } from "./model-format.ts";
import type { StoredModel } from "../storage/resolve-model-uri.ts";
import { parseConfigJson, parseConfigText, type ModelConfig } from "./model-config.ts";

/** What lies in one model's folder, as Triton lays it out. */
export interface ModelFolder {
  /** Where all of it lies, if that is a folder of the models' own. */
  readonly place?: string | undefined;
  readonly config: ModelConfig;
  /** The versions that its policy serves, oldest first, each with its file. */
  readonly versions: readonly { readonly version: string; readonly file: string }[];
  /** The names of an output's classes, by output. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** What whoever asks for the model says of its files. */
  readonly format?: FormatName | undefined;
}

const MLFLOW_FILE = "MLmodel";

const VERSION = /^[1-9]\d{0,17}$/;

/**
 * Reads a model wherever it lies: a folder as above, one with the model's file straight in it, or the file alone; these are
 * one version. `format` holds of files whose names do not tell theirs. Throws `inference/cannot-load`.
 */
export async function readStoredModel(
  { path, version = "1" }: StoredModel,
  config: string | undefined,
  format?: FormatName,
): Promise<ModelFolder> {
  const given = config === undefined ? {} : await parseConfigJson(config);
  if ((await stat(path)).isFile())
    return { config: given, versions: [{ version, file: path }], labels: new Map(), format };
  const names = await readdir(path);
  if (names.some((name) => name === MLFLOW_FILE || VERSION.test(name))) return readModelFolder(path, config, format);
  const read = config === undefined ? await configOf(path) : given;
  const file = join(path, await findModelFile(path, { format }));
  return { config: read, versions: [{ version, file }], labels: await labelsOf(path, read), format };
}

/** Whether an entry of a folder tells that the folder is a model: a version of it, its configuration, or MLflow's file. */
export function isOfModel(entry: Dirent): boolean {
  return entry.isFile() ? [MLFLOW_FILE, CONFIG_FILE].includes(entry.name) : VERSION.test(entry.name);
}

/** The models' names: the folders of a repository, or its own where it is one MLflow model. */
export async function modelNames(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  if (entries.some(({ name }) => name === MLFLOW_FILE)) return [basename(root)];
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .toSorted();
}

/** The folder of a model, where there is one; looked up by itself, as there may be thousands. No name leads out of `root`. */
export async function modelFolder(root: string, name: string): Promise<string | undefined> {
  if (await isThere(join(root, MLFLOW_FILE))) return name === basename(root) ? root : undefined;
  if (name === "" || name.startsWith(".") || /[/\\\0]/.test(name)) return undefined;
  const folder = join(root, name);
  const entry = await lstat(folder).catch(() => undefined);
  return entry !== undefined && (entry.isDirectory() || entry.isSymbolicLink()) ? folder : undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Reads a model's folder; one that MLflow made, without folders of versions, is version 1. `config` takes the place of the file's. Throws `inference/cannot-load`. */
export async function readModelFolder(
  folder: string,
  config: string | undefined,
  format?: FormatName,
): Promise<ModelFolder> {
  const read = config === undefined ? await configOf(folder) : await parseConfigJson(config);
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === MLFLOW_FILE))
    return {
      config: read,
      versions: [{ version: "1", file: join(folder, MLFLOW_FILE) }],
      labels: await labelsOf(folder, read),
    };
  const present = entries
    .filter((entry) => !entry.isFile() && VERSION.test(entry.name))
    .map((entry) => entry.name)
    // By their numbers, which may be moments with more digits than a number holds.
    .toSorted((one, other) => one.length - other.length || (one < other ? -1 : 1));
  const named = read.default_model_filename;
  if (named !== undefined && (named === "" || /[/\\\0]|^\.\.?$/.test(named)))
    throw cannotLoad(`default_model_filename ${JSON.stringify(named)} is no file's name`);
  const versions = await Promise.all(
    chosen(read, present).map(async (version) => {
      const file = named ?? (await findModelFile(join(folder, version), { ...read, format }));
      return { version, file: join(folder, version, file) };
    }),
  );
  if (versions.length === 0)
    throw cannotLoad("its folder has no version that its policy serves (a folder named 1, 2, …)");
  return { config: read, versions, labels: await labelsOf(folder, read), format };
}

function chosen({ version_policy: policy }: ModelConfig, present: readonly string[]): readonly string[] {
  if (policy?.all !== undefined) return present;
  if (policy?.specific === undefined) return present.slice(-Math.max(1, policy?.latest?.num_versions ?? 1));
  const wanted = (policy.specific.versions ?? []).map(String);
  const missing = wanted.find((version) => !present.includes(version));
  if (missing !== undefined) throw cannotLoad(`its policy names version ${missing}, which is not there`);
  return present.filter((version) => wanted.includes(version));
}

async function configOf(folder: string): Promise<ModelConfig> {
  const text = await readFile(join(folder, CONFIG_FILE), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? {} : parseConfigText(text);
}

async function labelsOf(folder: string, { output = [] }: ModelConfig): Promise<ModelFolder["labels"]> {
  const labels = new Map<string, readonly string[]>();
  for (const { name, label_filename: file = "" } of output) {
    if (file === "") continue;
    if (/[/\\\0]|^\.\.?$/.test(file)) throw cannotLoad(`label_filename ${JSON.stringify(file)} is no file's name`);
    const text = await readFile(join(folder, file), "utf8").catch((cause: unknown) => {
      throw cannotLoad(`the labels of ${name} are not at ${file}`, cause);
    });
    labels.set(
      name,
      text.split(/\r?\n/).filter((line) => line !== ""),
    );
  }
  return labels;
}

export function cannotLoad(because: string, cause?: unknown): MillError {
  return inferenceErrors.create("inference/cannot-load", { because, ...(cause === undefined ? {} : { cause }) });
}
