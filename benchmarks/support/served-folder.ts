import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMill, type InferenceServer } from "./inference-servers.ts";

/** A model of a folder that is served. */
export interface LaidModel {
  readonly bytes: Uint8Array | string;
  /** `model.onnx` unless told. */
  readonly file?: string;
  /** Of its `config.pbtxt`. */
  readonly config?: string;
}

/** Has models in a folder of their own, by their names, as long as something is done with it. */
async function withFolder<Result>(
  models: Readonly<Record<string, LaidModel>>,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "mill-bench-models-"));
  try {
    for (const [name, { bytes, file = "model.onnx", config = "" }] of Object.entries(models)) {
      mkdirSync(join(folder, name, "1"), { recursive: true });
      writeFileSync(join(folder, name, "1", file), bytes);
      writeFileSync(join(folder, name, "config.pbtxt"), config);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Has `mill serve` on such a folder. */
export function withServed<Result>(
  models: Readonly<Record<string, LaidModel>>,
  work: (server: InferenceServer) => Promise<Result>,
  options: readonly string[] = [],
): Promise<Result> {
  return withFolder(models, async (folder) => {
    const server = await startMill(folder, { options });
    try {
      return await work(server);
    } finally {
      await ended(server);
    }
  });
}

/** Ends a server, and waits until it has. */
export async function ended({ process }: Pick<InferenceServer, "process">): Promise<void> {
  if (process.exitCode !== null) return;
  const gone = once(process, "exit");
  process.kill("SIGTERM");
  await gone;
}

/** A request of rows that no other seed has, as JSON of the Open Inference Protocol. */
export function rowsBody({
  features,
  rows = 1,
  seed = 0,
}: {
  readonly features: number;
  readonly rows?: number;
  readonly seed?: number;
}): string {
  const data = Array.from({ length: rows * features }, (_, at) => Math.fround(Math.sin(at + seed) * 10));
  return JSON.stringify({ inputs: [{ name: "features", datatype: "FP32", shape: [rows, features], data }] });
}
