import { systemIds } from "@millwright/kernel";
import { openSqliteOnlineStore } from "@millwright/feature-store/adapters/sqlite-online-store";
import { createFileLogger } from "@millwright/platform";
import { startServing } from "@millwright/serving";
import { VERSION } from "./version.ts";
import { armWritePoints } from "./write-points.ts";

// The serving process: told its places by its parent, it answers until its parent is gone or says so.

export interface ServingSettings {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly deploymentFile: string;
  readonly logFolder: string;
  readonly logFile: string;
}

export type ServingMessage =
  | { readonly port: number }
  | { readonly grpcPort: number }
  | { readonly failed: string; readonly code: string | null };

armWritePoints(process.env);
process.once("message", (settings: ServingSettings) => {
  const logger = createFileLogger({ path: settings.logFile }).child({ process: "serving", instance: systemIds() });
  startServing({
    ...settings,
    version: VERSION,
    openOnlineStore: (path) => openSqliteOnlineStore({ path, readOnly: true }),
    logger,
  }).then(
    (serving) => {
      let ending: Promise<never> | undefined;
      tell({ port: serving.port });
      serving.grpcPort.then(
        (grpcPort) => tell({ grpcPort }),
        (error: unknown) => {
          if (ending === undefined) logger.error({ err: error }, "gRPC cannot be served");
        },
      );
      const end = () => {
        ending ??= serving.close().then(() => process.exit(0));
      };
      process.once("SIGTERM", end);
      process.once("disconnect", end);
    },
    (error: unknown) => {
      const code = error instanceof Error && "code" in error ? String(error.code) : null;
      tell({ failed: error instanceof Error ? error.message : String(error), code });
      process.exit(1);
    },
  );
});
// Ctrl-C reaches the whole group; the parent decides when serving ends.
process.on("SIGINT", () => {});

function tell(message: ServingMessage): void {
  process.send?.(message);
}
