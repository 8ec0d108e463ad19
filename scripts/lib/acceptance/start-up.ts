import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const mill = join(import.meta.dirname, "..", "..", "..", "bin", "mill");

/** A running `mill up` on a project of its own. */
export interface Up {
  readonly controlUrl: string;
  readonly restUrl: string;
  /** Undefined while gRPC is not served. */
  readonly grpcAddress: string | undefined;
  end(): Promise<void>;
}

/** Makes an empty project and starts `mill up` in it, on free ports. */
export async function startUp(projectDir: string): Promise<Up> {
  await finished(spawn(mill, ["init", projectDir], { stdio: ["ignore", "ignore", "inherit"] }));
  const child = spawn(mill, ["up", "--project", projectDir], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, MILL_CONTROL_PORT: "0", MILL_REST_PORT: "0", MILL_GRPC_PORT: "0" },
  });
  const said = { text: "" };
  await new Promise<void>((serving, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.text += text;
      if (said.text.includes("serving on http://")) serving();
    });
    child.once("close", (code) => reject(new Error(`mill up ended with ${code}: ${said.text}`)));
  });
  const ports = JSON.parse(readFileSync(join(projectDir, ".mill", "run.json"), "utf8")) as {
    readonly controlPort: number;
    readonly restPort: number;
    readonly grpcPort?: number | null;
  };
  return {
    controlUrl: `http://127.0.0.1:${ports.controlPort}`,
    restUrl: `http://127.0.0.1:${ports.restPort}`,
    grpcAddress: typeof ports.grpcPort === "number" ? `127.0.0.1:${ports.grpcPort}` : undefined,
    end: async () => {
      const ended = new Promise<void>((done) => child.once("close", () => done()));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function finished(child: ChildProcess): Promise<void> {
  const code = await new Promise<number | null>((done) => child.once("close", done));
  if (code !== 0) throw new Error(`${child.spawnargs.slice(1).join(" ")} ended with ${code}`);
}
