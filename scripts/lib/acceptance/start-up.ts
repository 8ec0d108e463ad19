import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { end, mill, millUp } from "../../../e2e/support/project.ts";

/** A running `mill up` on a project of its own. */
export interface Up {
  readonly controlUrl: string;
  readonly restUrl: string;
  /** Undefined while gRPC is not served. */
  readonly grpcAddress: string | undefined;
  end(): Promise<void>;
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
