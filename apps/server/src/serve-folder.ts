import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Logger } from "@millwright/kernel";
import { isFromLoopback } from "@millwright/platform";
import { createModelThreads } from "@millwright/serving/adapters/model-threads";
import {
  createInferenceServer,
  drain,
  openComposedModels,
  openFolderModels,
  openPayloadLog,
  placesByUri,
  placesInFolder,
  placesTogether,
  placesWhere,
  startGrpc,
  startRest,
  type InferenceServer,
  type ModelDirectory,
  type ModelStorage,
  type PayloadSettings,
} from "@millwright/serving/inference";
import type { Shards } from "@millwright/serving/shards";
import { folderPython } from "./folder-python.ts";
import { openModels } from "./open-models.ts";
import { portError } from "./port-error.ts";
import { VERSION } from "./version.ts";

export interface ServeFolderOptions {
  /** A folder for each model: `NAME/VERSION/model.onnx`, or another format's file. */
  readonly folder: string | undefined;
  /** Models that lie elsewhere, by the URI of each. */
  readonly stored?: { readonly uris: ReadonlyMap<string, string>; readonly storage: ModelStorage } | undefined;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly bodyBytesMax: number;
  /** For the answers that are kept. */
  readonly cacheBytesMax: number;
  /** Threads in which models are read and can run; as many as there are processors, up to 8, unless told. */
  readonly threads?: number | undefined;
  /** Models are loaded when they are asked for, within so many bytes; else all at the start. */
  readonly onDemand?: { readonly bytesMax: number; readonly pinned: readonly string[] } | undefined;
  /** In one of several processes, what copies of the others' models may take; without a bound on models, else within it. */
  readonly copiesBytesMax?: number | undefined;
  /** The interpreter of Python models, or an environment's folder. */
  readonly python?: string | undefined;
  /** Told while a Python environment is made. */
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly payloadLog?: FolderPayloadLog | undefined;
  readonly logger: Logger;
}

/** Where requests and answers are kept, and which. */
interface FolderPayloadLog {
  /** In the models' own, under `.payloads`, unless told. */
  readonly folder?: string | undefined;
  readonly totalBytesMax?: number | undefined;
  /** For models whose configuration says nothing of it. */
  readonly defaults?: Partial<PayloadSettings> | undefined;
}

/** Models of a folder, served without a project. */
export interface FolderServing {
  readonly restPort: number;
  readonly grpcPort: number;
  /** What was loaded, and what was not and why. */
  models(): Promise<
    readonly { readonly name: string; readonly version: string; readonly state: string; readonly reason: string }[]
  >;
  close(): Promise<void>;
}

/** Nothing is fetched where nobody says to where. */
const NOTHING_STORED = { uris: new Map<string, string>(), storage: { cacheFolder: tmpdir(), bytesMax: 0 } };
export const HOST = "127.0.0.1";
export const DRAIN_MS_MAX = 5_000;
const PAYLOADS_SEALED_EVERY_MS = 10_000;
/** More take memory before they take work. */
const THREADS_MAX = 8;

/** Serves a folder of models. Throws `platform/port-taken`. */
export async function serveFolder(options: ServeFolderOptions): Promise<FolderServing> {
  const { logger, bodyBytesMax } = options;
  const { server, models, close } = await openFolder(options);
  const rest = await startRest(server, { host: HOST, port: options.restPort, bodyBytesMax, logger, mayAsk }).catch(
    (error: unknown) => {
      throw portError(error, { host: HOST, port: options.restPort });
    },
  );
  const grpc = await startGrpc(server, { host: HOST, port: options.grpcPort, bodyBytesMax, logger }).catch(
    (error: unknown) => {
      rest.close();
      throw portError(error, { host: HOST, port: options.grpcPort });
    },
  );
  return {
    restPort: (rest.address() as AddressInfo).port,
    grpcPort: grpc.port,
    models: () => models.index(),
    close: async () => {
      await Promise.all([drain(rest, DRAIN_MS_MAX), grpc.close(DRAIN_MS_MAX)]);
      await close();
    },
  };
}

/** Only those who ask on this machine. */
export function mayAsk({ headers }: { readonly headers: object }): boolean {
  return isFromLoopback(headers);
}

/** A folder's models with the server that answers for them. */
export interface OpenedFolder {
  /** In one of several processes: this one's own part of the whole. */
  readonly server: InferenceServer;
  readonly models: ModelDirectory;
  readonly close: () => Promise<void>;
}

/** Opens a folder's models, or of several processes those of this one: `shardsOf` is told the names of all. */
export async function openFolder(
  options: Omit<ServeFolderOptions, "restPort" | "grpcPort">,
  shardsOf?: (names: () => Promise<readonly string[]>) => Shards,
): Promise<OpenedFolder> {
  const { folder, stored = NOTHING_STORED, logger, cacheBytesMax, onDemand } = options;
  const clock = systemClock;
  const threads = createModelThreads({
    threads: options.threads ?? Math.min(THREADS_MAX, availableParallelism()),
    onEnded: (error) => logger.error({ err: error }, "a thread of models ended; another one opens them anew"),
  });
  // Models are read in them while requests wait.
  if (onDemand !== undefined) threads?.begin();
  const openModel = openModels({ place: folderPython(options), threads, logger });
  const inFolder = folder === undefined ? [] : [placesInFolder(folder)];
  let places = placesTogether([]);
  const shards = shardsOf?.(async () => [...new Set([...(await places.names()), ...models.graphNames()])]);
  const told = placesTogether([...inFolder, placesByUri(stored.uris, stored.storage)]);
  const models = await openComposedModels({
    documents: folder,
    storage: stored.storage,
    taken: async () => new Map((await told.names()).map((name) => [name, "a model of the folder"])),
    open: (applied) => {
      places = placesTogether([told, applied]);
      const own =
        shards === undefined ? places : placesWhere(places, (name) => shards.isOwn(name) || shards.copied.has(name));
      const pinned = onDemand?.pinned.filter((name) => shards?.isOwn(name) ?? true) ?? [];
      return openFolderModels({
        elsewhere: own,
        openModel,
        clock,
        logger,
        onDemand: onDemand && { ...onDemand, pinned },
      });
    },
    server: () => server,
    shards,
    copiesBytesMax: options.copiesBytesMax,
    clock,
    logger,
  });
  const payloads = payloadLog(options);
  const parts = { version: VERSION, models, clock, logger, cacheBytesMax, payloads };
  const server: InferenceServer = { ...createInferenceServer(parts), copying: models.copying };
  return {
    server,
    models,
    close: async () => {
      await models.close();
      await threads?.close();
      payloads?.close();
    },
  };
}

/** Where payloads are kept. */
export function payloadFolder({ folder, payloadLog }: Pick<ServeFolderOptions, "folder" | "payloadLog">) {
  return payloadLog?.folder ?? (folder === undefined ? undefined : join(folder, ".payloads"));
}

/** Nobody takes its segments: the oldest make room. Undefined where it has no place. */
function payloadLog({
  folder,
  payloadLog: told,
  logger,
}: Pick<ServeFolderOptions, "folder" | "payloadLog" | "logger">) {
  const place = payloadFolder({ folder, payloadLog: told });
  if (place === undefined) return undefined;
  const { defaults, totalBytesMax } = told ?? {};
  const options = { folder: place, defaults, totalBytesMax, forgetsOldest: true, logger };
  return openPayloadLog({ ...options, sealEveryMs: PAYLOADS_SEALED_EVERY_MS });
}
