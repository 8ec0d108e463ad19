import { stat } from "node:fs/promises";
import { download } from "./download.ts";
import { parseModelUri, wrongUri, type ModelUri } from "./model-uri.ts";
import { isArchive, unpacked } from "./unpack.ts";

/** A model on this machine: a file, or a folder that is laid out as Triton, MLflow or this platform lays a model out. */
export interface StoredModel {
  readonly path: string;
  /** Of a registered one. */
  readonly version?: string;
}

/** A project's registered models. */
export interface ModelRegistry {
  /** A version's folder of artifacts: of a version by its number, else of the one that has the alias. */
  find(wanted: { readonly name: string; readonly version?: number; readonly alias?: string }): Promise<StoredModel>;
}

/** Where models come from. */
export interface ModelStorage {
  /** Downloads and what was in archives are kept in it. */
  readonly cacheFolder: string;
  /** No download may be larger, and no archive unpacked. */
  readonly bytesMax: number;
  /** Of the project, where there is one. */
  readonly registry?: ModelRegistry | undefined;
}

/**
 * Where the model of a URI lies on this machine, a file or a folder: what is elsewhere is fetched first, and what was
 * fetched before is asked for anew unless its checksum is told; an archive is unpacked: with `isWhole` it is its folder, else
 * what lies alone in it. Throws `inference/model-uri`.
 */
export async function resolveModelUri(
  uri: string,
  storage: ModelStorage,
  { isWhole = false }: { readonly isWhole?: boolean } = {},
): Promise<StoredModel> {
  const parsed = parseModelUri(uri);
  const found = await locate(parsed, { uri, storage });
  const there = await stat(found.path).catch((cause: unknown) => {
    throw wrongUri(uri, "there is nothing", cause);
  });
  if (!there.isFile() || !isArchive(found.path)) return found;
  return { ...found, path: await unpacked(found.path, { uri, storage, isWhole }) };
}

async function locate(
  parsed: ModelUri,
  { uri, storage }: { readonly uri: string; readonly storage: ModelStorage },
): Promise<StoredModel> {
  if (parsed.kind === "file") return { path: parsed.path };
  if (parsed.kind === "http") return { path: await download(parsed, storage) };
  if (storage.registry === undefined) throw wrongUri(uri, "there is no project here whose models it could name");
  const { kind: _, ...wanted } = parsed;
  return storage.registry.find(wanted);
}
