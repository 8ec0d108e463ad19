import type { Logger } from "@millwright/kernel";
import { keepProcess } from "./kept-process.ts";
import type { ServingReady, ServingSettings, ServingTold } from "./serving-main.ts";

export interface ServingProcess {
  readonly port: number;
  /** Null until gRPC is served, and where its port cannot be had. */
  readonly grpcPort: number | null;
  readonly pid: number | undefined;
  close(): Promise<void>;
}

const ENDS_WITHIN_MS = 1_500;

/** Keeps a project's serving process up, on the ports where its callers know it to be. Throws `platform/port-taken`. */
export async function keepServing(settings: ServingSettings, logger: Logger): Promise<ServingProcess> {
  let grpcPort: number | null = null;
  const kept = await keepProcess<ServingReady, ServingTold>({
    entry: new URL("./serving-main.ts", import.meta.url),
    named: "the serving process",
    settings: (before) => ({
      ...settings,
      port: before?.port ?? settings.port,
      grpcPort: grpcPort ?? settings.grpcPort,
      isAgain: before !== undefined,
    }),
    errors: "log",
    logger,
    onTold: (told) => ({ grpcPort } = told),
    endsWithinMs: ENDS_WITHIN_MS,
  });
  return {
    port: kept.ready.port,
    get grpcPort() {
      return grpcPort;
    },
    get pid() {
      return kept.pid;
    },
    close: () => kept.close(),
  };
}
