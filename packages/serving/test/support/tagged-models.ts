import { systemClock, silentLogger, type Logger } from "@millwright/kernel";
import {
  createInferenceServer,
  openFolderModels,
  startGrpc,
  startRest,
  type InferenceModel,
  type TensorSpec,
} from "../../src/inference/index.ts";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROWS = { shape: [-1, 2], dimensionNames: ["rows", undefined] };
const TAG: TensorSpec = { name: "TAG", datatype: "INT64", ...ROWS };
const TEXT: TensorSpec = { name: "TEXT", datatype: "BYTES", ...ROWS };
const HALF: TensorSpec = { name: "HALF", datatype: "FP16", ...ROWS };

/** Answers with what it was given, after a while that differs from request to request; refuses a text that begins with `!`. */
function echo(turns: () => number, inputs: readonly TensorSpec[]): InferenceModel {
  return {
    platform: "test",
    backend: "test",
    inputs,
    outputs: [TAG, TEXT, HALF],
    infer: async (inputs, outputs) => {
      for (let turn = turns(); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      const odd = (inputs.find(({ name }) => name === "TEXT")?.data as readonly Uint8Array[] | undefined)?.find(
        ([first]) => first === 33,
      );
      if (odd !== undefined) throw new Error(`it will have nothing of ${Buffer.from(odd).toString()}.`);
      return outputs.map((name) => {
        const found = inputs.find((tensor) => tensor.name === name);
        if (found === undefined) throw new Error(`no ${name}`);
        return found;
      });
    },
    close: async () => {},
  };
}

/** A folder of the model `echo` in two versions, served over both protocols. */
export async function serveEcho({
  turns = () => 0,
  config = "",
  logger = silentLogger,
  idle = false,
  isHalfOptional = false,
}: {
  readonly turns?: () => number;
  readonly config?: string;
  readonly logger?: Logger;
  /** Whether the model `idle` lies there too, which is not loaded. */
  readonly idle?: boolean;
  /** Typed contents of gRPC have no FP16. */
  readonly isHalfOptional?: boolean;
} = {}) {
  const root = mkdtempSync(join(tmpdir(), "mill-echo-"));
  for (const place of [join("echo", "1"), join("echo", "2"), ...(idle ? [join("idle", "1")] : [])]) {
    mkdirSync(join(root, place), { recursive: true });
    writeFileSync(join(root, place, "model.onnx"), "");
  }
  writeFileSync(join(root, "echo", "config.pbtxt"), config);
  const inputs = [TAG, TEXT, isHalfOptional ? { ...HALF, isOptional: true } : HALF];
  const clock = systemClock;
  const models = await openFolderModels({ root, openModel: async () => echo(turns, inputs), clock, logger });
  if (idle) await models.unload("idle");
  const server = createInferenceServer({ version: "1", models, clock, logger, cacheBytesMax: 2 ** 20 });
  const host = "127.0.0.1";
  const bodyBytesMax = 2 ** 20;
  const rest = await startRest(server, { host, port: 0, bodyBytesMax, logger, mayAsk: () => true });
  const grpc = await startGrpc(server, { host, port: 0, bodyBytesMax, logger });
  return {
    root,
    models,
    url: `http://${host}:${(rest.address() as AddressInfo).port}`,
    grpcAddress: `${host}:${grpc.port}`,
    close: async () => {
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
      await grpc.close(0);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
