import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const launcher = join(import.meta.dirname, "..", "..", "bin", "mill");

/** A folder of models as `mill serve` serves it, by its ports. */
export interface ServingFolder {
  readonly process: ChildProcess;
  readonly rest: number;
  readonly grpc: number;
}

export async function serveFolder(folder: string, ...more: readonly string[]): Promise<ServingFolder> {
  const args = ["serve", folder, ...more, "--port", "0", "--json"];
  const child = spawn(launcher, args, { stdio: ["ignore", "pipe", "ignore"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const { restPort, grpcPort } = JSON.parse(said.toString()) as { restPort: number; grpcPort: number };
  return { process: child, rest: restPort, grpc: grpcPort };
}
