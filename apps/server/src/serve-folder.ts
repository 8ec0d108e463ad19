import type { AddressInfo } from "node:net";
import { systemClock, type Logger } from "@millwright/kernel";
import { isFromLoopback, platformErrors } from "@millwright/platform";
import { openMlflowModel } from "@millwright/serving/adapters/mlflow-model";
import { openOnnxModel } from "@millwright/serving/adapters/onnx-model";
import { openPythonModel } from "@millwright/serving/adapters/python-model";
import { openTreeModel } from "@millwright/serving/adapters/tree-model";
import {
  createInferenceServer,
  openByFormat,
  openFolderModels,
  placesByUri,
  startGrpc,
  startRest,
  type ModelStorage,
} from "@millwright/serving/inference";
import { folderPython } from "./folder-python.ts";
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
  /** Models are loaded when they are asked for, within so many bytes; else all at the start. */
  readonly onDemand?: { readonly bytesMax: number; readonly pinned: readonly string[] } | undefined;
  /** The interpreter of Python models, or an environment's folder. */
  readonly python?: string | undefined;
  /** Told while a Python environment is made. */
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly logger: Logger;
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

const HOST = "127.0.0.1";
const DRAIN_MS_MAX = 5_000;

/** Serves a folder of models. Throws `platform/port-taken`. */
export async function serveFolder(options: ServeFolderOptions): Promise<FolderServing> {
  const { folder, stored, logger, bodyBytesMax, cacheBytesMax, onDemand } = options;
  const clock = systemClock;
  const { interpreter } = await folderPython(options);
  const openModel = openByFormat({
    onnx: openOnnxModel,
    trees: openTreeModel,
    mlflow: openMlflowModel(openOnnxModel),
    python: openPythonModel({ interpreter, workers: 1, clock, logger }),
  });
  const models = await openFolderModels({
    root: folder,
    elsewhere: stored === undefined ? undefined : placesByUri(stored.uris, stored.storage),
    openModel,
    clock,
    logger,
    onDemand,
  });
  const server = createInferenceServer({ version: VERSION, models, clock, logger, cacheBytesMax });
  const mayAsk = ({ headers }: { readonly headers: object }) => isFromLoopback(headers);
  const rest = await startRest(server, { host: HOST, port: options.restPort, bodyBytesMax, logger, mayAsk }).catch(
    (error: unknown) => {
      throw portError(error, options.restPort);
    },
  );
  const grpc = await startGrpc(server, { host: HOST, port: options.grpcPort, bodyBytesMax, logger }).catch(
    (error: unknown) => {
      rest.close();
      throw grpcPortError(error, options.grpcPort);
    },
  );
  return {
    restPort: (rest.address() as AddressInfo).port,
    grpcPort: grpc.port,
    models: () => models.index(),
    close: async () => {
      await Promise.all([drained(rest), grpc.close(DRAIN_MS_MAX)]);
      await models.close();
    },
  };
}

/** Answers what has been asked; a caller who does not end in time is cut off. */
function drained(rest: Awaited<ReturnType<typeof startRest>>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => rest.closeAllConnections(), DRAIN_MS_MAX);
    rest.close(() => {
      clearTimeout(timer);
      resolve();
    });
    rest.closeIdleConnections();
  });
}

/** gRPC tells a taken port in words. */
function grpcPortError(error: unknown, port: number): unknown {
  const { message } = error as Error;
  return portError(
    /EADDRINUSE|EACCES/.test(message)
      ? Object.assign(new Error(message), { code: /EACCES|EADDRINUSE/.exec(message)?.[0] })
      : error,
    port,
  );
}

function portError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "EADDRINUSE" && code !== "EACCES") return error;
  const why = code === "EACCES" ? "is for the system's administrator" : "is taken by another program";
  return platformErrors.create("platform/port-taken", { because: `port ${port} of ${HOST} ${why}`, cause: error });
}
