import { systemIds } from "@millwright/kernel";
import { openSqliteOnlineStore } from "@millwright/feature-store/adapters/sqlite-online-store";
import { createFileLogger } from "@millwright/platform";
import { startServing } from "@millwright/serving";
import { portError } from "./port-error.ts";
import { runKept } from "./run-kept.ts";
import { VERSION } from "./version.ts";
import { armWritePoints } from "./write-points.ts";

// The serving process of a project: told its places by its parent, it answers until its parent is gone or says so.

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
  const serving = await startServing({
    ...settings,
    version: VERSION,
    grpcAtOnce: settings.isAgain === true,
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
