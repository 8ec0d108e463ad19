import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { end, mill, millUp } from "../../../e2e/support/project.ts";

/** A running `mill up` on a project of its own. */
export interface Up {
  readonly controlUrl: string;
  readonly restUrl: string;
  /** Undefined while gRPC is not served. */
  readonly grpcAddress: string | undefined;
  /** The folder of models that is served, where it is one. */
  readonly models?: string;
  end(): Promise<void>;
}

/** What a script is started beside. */
export interface Beside {
  /** An empty folder, which is removed afterwards. */
  readonly folder: string;
  readonly python: string;
  readonly script: string;
}

/** Has the script lay its models into a folder, and starts `mill serve` on it, on free ports. */
export async function startServe({ folder, python, script }: Beside): Promise<Up> {
  const models = join(folder, "models");
  execFileSync(python, [script, "prepare", models], { stdio: "ignore" });
  const mill = join(import.meta.dirname, "..", "..", "..", "bin", "mill");
  const child = spawn(mill, ["serve", models, "--port", "0", "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line = "{}"] = (await once(child.stdout.setEncoding("utf8"), "data")) as string[];
  const { restPort, grpcPort } = JSON.parse(line) as { readonly restPort: number; readonly grpcPort: number };
  return {
    controlUrl: "",
    restUrl: `http://127.0.0.1:${restPort}`,
    grpcAddress: `127.0.0.1:${grpcPort}`,
    models,
    end: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/** Makes an empty project, or one of these settings, and starts `mill up` in it, on free ports. */
export async function startUp(projectDir: string, settings?: string): Promise<Up> {
  const made = mill(["init", projectDir]);
  if (made.code !== 0) throw new Error(`mill init ended with ${made.code}: ${made.stderr}`);
  if (settings !== undefined) writeFileSync(join(projectDir, "millwright.ts"), settings);
  const up = await millUp(projectDir);
  const { grpcPort } = JSON.parse(readFileSync(join(projectDir, ".mill", "run.json"), "utf8")) as {
    readonly grpcPort: number | null;
  };
  return {
    controlUrl: `http://127.0.0.1:${up.controlPort}`,
    restUrl: `http://127.0.0.1:${up.port}`,
    grpcAddress: grpcPort === null ? undefined : `127.0.0.1:${grpcPort}`,
    end: async () => void (await end(up)),
  };
}
