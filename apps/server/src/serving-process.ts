import { fork, type ChildProcess } from "node:child_process";
import type { Logger } from "@millwright/kernel";
import { platformErrors } from "@millwright/platform";
import type { ServingMessage, ServingSettings } from "./serving-main.ts";

export interface ServingProcess {
  readonly port: number;
  /** Null until gRPC is served, and where its port cannot be had. */
  readonly grpcPort: number | null;
  readonly pid: number | undefined;
  close(): Promise<void>;
}

const RESTART_DELAY_MS_MAX = 10_000;

/** Keeps the serving process up: started again, with growing pauses, whenever it dies. */
export async function keepServing(settings: ServingSettings, logger: Logger): Promise<ServingProcess> {
  let closed = false;
  let grpcPort: number | null = null;
  let child = startChild(settings.port);
  const port = await ready(child);
  let failures = 0;
  const watch = (current: ChildProcess) => {
    current.once("exit", (code, signal) => {
      if (closed) return;
      logger.error({ code, signal }, "the serving process ended; it is started again");
      failures += 1;
      setTimeout(restart, Math.min(RESTART_DELAY_MS_MAX, 100 * 2 ** Math.min(failures, 7)));
    });
  };
  const restart = () => {
    if (closed) return;
    // Where its callers know it to be, also when a free port was asked for.
    child = startChild(port);
    watch(child);
    ready(child).then(
      () => (failures = 0),
      (error: unknown) => logger.error({ err: error }, "the serving process could not be started"),
    );
  };
  watch(child);
  return {
    port,
    get grpcPort() {
      return grpcPort;
    },
    get pid() {
      return child.pid;
    },
    close: async () => {
      closed = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
        setTimeout(() => child.kill("SIGKILL"), 1_500).unref();
      });
    },
  };

  function startChild(onPort: number): ChildProcess {
    const started = fork(new URL("./serving-main.ts", import.meta.url), {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    started.stderr?.on("data", (chunk: Buffer) => logger.warn({ from: "serving" }, chunk.toString().trim()));
    started.once("error", (error) => logger.error({ err: error }, "the serving process could not be started"));
    started.on("message", (message: ServingMessage) => {
      if ("grpcPort" in message) ({ grpcPort } = message);
    });
    started.send({ ...settings, port: onPort, grpcPort: grpcPort ?? settings.grpcPort });
    return started;
  }

  function ready(started: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      started.once("exit", (code) => reject(new Error(`the serving process ended with ${code}`)));
      started.once("message", (message: ServingMessage) => {
        if ("port" in message) resolve(message.port);
        else if ("failed" in message) reject(refusal(message, settings));
      });
    });
  }
}

function refusal(
  { failed, code }: Extract<ServingMessage, { failed: string }>,
  { host, port }: ServingSettings,
): Error {
  if (code === "EACCES")
    return platformErrors.create("platform/port-taken", {
      because: `port ${port} of ${host} is for the system's administrator`,
    });
  if (code !== "EADDRINUSE") return new Error(failed);
  return platformErrors.create("platform/port-taken", {
    because: `port ${port} of ${host} is taken by another program`,
  });
}
