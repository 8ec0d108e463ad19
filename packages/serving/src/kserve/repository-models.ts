import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isOfModel, modelNames } from "../inference/model-folder.ts";
import { parseModelUri } from "../storage/model-uri.ts";
import { isArchive } from "../storage/unpack.ts";
import { resolveModelUri, type ModelStorage } from "../storage/resolve-model-uri.ts";
import type { PlannedModel } from "./plan.ts";
import { canaryName, isCanary } from "./revisions.ts";

/** The models that one storageUri stands for. Throws `inference/model-uri`. */
export type ExpandModel = (model: PlannedModel) => Promise<readonly PlannedModel[]>;

/** Repositories of models, each fetched once for all that is in it. */
export interface StoredRepositories {
  readonly expand: ExpandModel;
  /** Where the repository of a URI lies. Throws `inference/model-uri`. */
  pathOf(uri: string): Promise<string>;
  /** Has a URI fetched anew when it is next asked for. */
  forget(uri: string): void;
}

/**
 * Under a `storageUri` of the format `triton` may lie a repository, as Triton lays it out (`MODEL/VERSION/FILE`, with
 * `config.pbtxt`): then each of its models is served by its own name, and none by the document's. Where a model itself lies
 * there, it has the document's name.
 */
export function storedRepositories(storage: ModelStorage): StoredRepositories {
  const fetched = new Map<string, Promise<string>>();
  const pathOf = (uri: string): Promise<string> => {
    const known = fetched.get(uri);
    if (known !== undefined) return known;
    const found = resolveModelUri(uri, storage, { isWhole: true }).then(({ path }) => path);
    fetched.set(uri, found);
    found.catch(() => fetched.delete(uri));
    return found;
  };
  return {
    pathOf,
    forget: (uri) => void fetched.delete(uri),
    expand: async (model) => (model.format === "triton" ? expandAt(await pathOf(model.uri), model) : [model]),
  };
}

/** The same of what lies in folders of this machine; nothing is fetched or unpacked. */
export const expandLocal: ExpandModel = async (model) => {
  if (model.format !== "triton") return [model];
  const uri = parseModelUri(model.uri);
  if (uri.kind !== "file" || isArchive(uri.path)) return [model];
  return expandAt(uri.path, model).catch(() => [model]);
};

async function expandAt(path: string, model: PlannedModel): Promise<readonly PlannedModel[]> {
  const found = (await repositoryAt(path)) ?? (await repositoryInOnlyFolder(path));
  if (found === undefined) return [model];
  return found.names.map((name) => ({
    ...model,
    name: isCanary(model.name) ? canaryName(name) : name,
    within: join(found.folder, name),
  }));
}

interface Repository {
  /** From where it was looked for. */
  readonly folder: string;
  readonly names: readonly string[];
}

/** Every folder in it is a model, as in Triton, once one of them is laid out as one. */
async function repositoryAt(path: string, folder = ""): Promise<Repository | undefined> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (entries === undefined || entries.some(isOfModel)) return undefined;
  const names = await modelNames(path);
  for (const name of names) {
    const within = await readdir(join(path, name), { withFileTypes: true }).catch(() => []);
    if (within.some(isOfModel)) return { folder, names };
  }
  return undefined;
}

/** An archive often holds the repository's folder rather than what is in it. */
async function repositoryInOnlyFolder(path: string): Promise<Repository | undefined> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const [only] = entries;
  if (only?.isDirectory() !== true || entries.length > 1) return undefined;
  return repositoryAt(join(path, only.name), only.name);
}
