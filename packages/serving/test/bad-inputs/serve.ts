import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { silentLogger, systemClock } from "@millwright/kernel";
import { isFromLoopback } from "@millwright/platform";
import {
  createInferenceServer,
  openFolderModels,
  startGrpc,
  startRest,
  type InferenceModel,
  type TensorSpec,
} from "../../src/inference/index.ts";
import type { Places } from "./ask.ts";
import { BODY_BYTES_MAX } from "./rest-rows.ts";

const rows = { shape: [-1, 2], dimensionNames: ["rows", undefined] };
const SPECS: readonly TensorSpec[] = [
  { name: "TAG", datatype: "INT64", ...rows },
  { name: "TEXT", datatype: "BYTES", ...rows },
  { name: "REAL", datatype: "FP32", ...rows },
];
/** Longer than the callers of the model `slow` wait. */
const SLOW_MS = 300;

/** Answers with what it was given. */
function echo(isSlow: boolean): InferenceModel {
  return {
    platform: "test",
    backend: "test",
    inputs: SPECS,
    outputs: SPECS,
    infer: async (inputs, outputs) => {
      if (isSlow) await pause(SLOW_MS);
      return outputs.flatMap((name) => inputs.filter((tensor) => tensor.name === name));
    },
    close: async () => {},
  };
}

/** The models `echo`, `slow`, and `idle`, which is unloaded, over both protocols; requests that come slowly are cut off soon. */
export async function serveForBadInputs(): Promise<Places & { close(): Promise<void> }> {
  const root = mkdtempSync(join(tmpdir(), "mill-bad-"));
  for (const name of ["echo", "slow", "idle"]) {
    mkdirSync(join(root, name, "1"), { recursive: true });
    writeFileSync(join(root, name, "1", "model.onnx"), "");
  }
  const [clock, logger] = [systemClock, silentLogger];
  const openModel = async (file: string) => echo(file.includes("/slow/"));
  const models = await openFolderModels({ root, openModel, clock, logger });
  await models.unload("idle");
  const server = createInferenceServer({ version: "1", models, clock, logger, cacheBytesMax: 0 });
  const told = { host: "127.0.0.1", port: 0, bodyBytesMax: BODY_BYTES_MAX, logger };
  const arrival = { headersMs: 200, requestMs: 300, checkedEveryMs: 50 };
  const rest = await startRest(server, { ...told, arrival, mayAsk: ({ headers }) => isFromLoopback(headers) });
  const grpc = await startGrpc(server, told);
  return {
    restPort: (rest.address() as AddressInfo).port,
    grpcPort: grpc.port,
    close: async () => {
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
      await grpc.close(0);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
