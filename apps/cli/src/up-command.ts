import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@millwright/kernel";
import { RunReportSchema } from "@millwright/orchestration/http";
import { platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { createStandingReader } from "@millwright/project/read-definitions";
import { installation } from "@millwright/server/installation";
import { keepServing, type ServingProcess } from "@millwright/server/serving-process";
import { holdProject, type HeldProject } from "./hold-project.ts";
import { interruptible } from "./interruption.ts";

// The serving process and the one that reads the project are started before the rest of this one is loaded.

export const up: Command = {
  name: "up",
  summary: "serve the project and its console; the road now if something changed, until Ctrl-C",
  arguments: [],
  options: {
    once: { summary: "end after the first road" },
    port: { value: "PORT", summary: "of the console and API (4400); 0: free ones for everything" },
  },
  example: "mill up --project examples/flights",
  stays: true,
  output: Type.Object({
    ...RunReportSchema.properties,
    peakBytes: Type.Number({ description: "Of all processes." }),
    controlPort: Type.Integer(),
    restPort: Type.Integer(),
  }),
  handler: (call) => {
    const ports = portsOf(call);
    return interruptible((signal) =>
      holdProject(call, async (held) => {
        const { millwrightUrl } = installation();
        const reader = createStandingReader({ projectDir: held.projectDir, millwrightUrl });
        reader.prepare();
        const serving = serve(held, ports);
        // Who takes it up may fail before it asks.
        serving.catch(() => undefined);
        const { bringUp } = await import("./bring-up.ts");
        return bringUp(call, { held, serving, reader, ports, signal });
      }),
    );
  },
};

export interface Ports {
  readonly control: number;
  readonly rest: number;
  readonly grpc: number;
}

function portsOf({ options }: CommandCall): Ports {
  const { port } = options;
  const control = portNumber(port ?? process.env["MILL_CONTROL_PORT"] ?? "4400", "--port");
  const rest = port === "0" ? 0 : portNumber(process.env["MILL_REST_PORT"] ?? "8080", "MILL_REST_PORT");
  const grpc = port === "0" ? 0 : portNumber(process.env["MILL_GRPC_PORT"] ?? "8081", "MILL_GRPC_PORT");
  return { control, rest, grpc };
}

function portNumber(text: string | boolean, what: string): number {
  const port = Number(text);
  if (typeof text === "string" && /^\d+$/.test(text) && port < 65_536) return port;
  throw platformErrors.create("platform/usage", {
    because: `${what}: ${JSON.stringify(text)} is not a port`,
    remedy: "Give a number from 0 to 65535; 0 takes a free one: `mill up --port 0`.",
  });
}

/** Starts the serving process, which needs nothing of the project but where its state lies. */
function serve({ paths, logger }: HeldProject, { rest, grpc }: Ports): Promise<ServingProcess> {
  mkdirSync(paths.predictions, { recursive: true });
  const settings = {
    host: "127.0.0.1",
    port: rest,
    grpcPort: grpc,
    deploymentFile: paths.deployment,
    logFolder: paths.predictions,
    logFile: join(paths.logs, "serving.log"),
  };
  return keepServing(settings, logger);
}
