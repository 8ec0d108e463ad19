import { dirname, join } from "node:path";
import { systemIds, type Logger } from "@millwright/kernel";
import { openSqliteOnlineStore } from "@millwright/feature-store/adapters/sqlite-online-store";
import { createFileLogger } from "@millwright/platform";
import { startServing } from "@millwright/serving/server";
import type { OpenModel } from "@millwright/serving/inference";
import { portError } from "./port-error.ts";
import { runKept } from "./run-kept.ts";
import { installation } from "./installation.ts";
import { VERSION } from "./version.ts";
import { armWritePoints } from "./write-points.ts";

// The serving process of a project: told its places by its parent, it answers until its parent is gone or says so.

/** No model of a document that is fetched may be larger. */
const DOWNLOAD_BYTES_MAX = 16 * 2 ** 30;

export interface ServingSettings {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly deploymentFile: string;
  readonly logFolder: string;
  readonly logFile: string;
  /** gRPC starts at once, as its callers wait for it: this process takes the place of one that died. */
  readonly isAgain?: boolean;
}

export interface ServingReady {
  readonly port: number;
}

export interface ServingTold {
  readonly grpcPort: number;
}

armWritePoints(process.env);
runKept<ServingSettings, ServingReady, ServingTold>(async (settings, { tell }) => {
  const logger = createFileLogger({ path: settings.logFile }).child({ process: "serving", instance: systemIds() });
  let isEnding = false;
  let opener: Promise<OpenModel> | undefined;
  const serving = await startServing({
    ...settings,
    version: VERSION,
    grpcAtOnce: settings.isAgain === true,
    openModel: async (file, config) => (await (opener ??= openerOf(settings, logger)))(file, config),
    storage: { cacheFolder: join(dirname(settings.deploymentFile), "downloads"), bytesMax: DOWNLOAD_BYTES_MAX },
    millwrightUrl: installation().millwrightUrl,
    openOnlineStore: (path) => openSqliteOnlineStore({ path, readOnly: true }),
    logger,
  }).catch((error: unknown) => {
    throw portError(error, settings);
  });
  serving.grpcPort.then(
    (grpcPort) => tell({ grpcPort }),
    (error: unknown) => {
      if (!isEnding) logger.error({ err: error }, "gRPC cannot be served");
    },
  );
  return {
    ready: { port: serving.port },
    close: () => {
      isEnding = true;
      return serving.close();
    },
  };
});

/** Opens models that documents ask for: most projects have none, and load nothing for them. */
async function openerOf({ deploymentFile }: ServingSettings, logger: Logger): Promise<OpenModel> {
  const [{ openModels }, { folderPython }] = await Promise.all([
    import("./open-models.ts"),
    import("./folder-python.ts"),
  ]);
  // It lies at `.mill/serving/deployment.json`.
  return openModels({ place: folderPython({ folder: dirname(dirname(dirname(deploymentFile))) }), logger });
}
