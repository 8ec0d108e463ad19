import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { silentLogger, systemClock } from "@millwright/kernel";
import type { PayloadLog } from "../../src/payloads/payload-log.ts";
import type { GraphDefinition } from "../../src/graphs/graph-definition.ts";
import { withGraphs } from "../../src/graphs/graph-models.ts";
import { openService } from "../../src/inference/grpc/service.ts";
import {
  createAskModel,
  createInferenceServer,
  openFolderModels,
  startGrpc,
  startRest,
  type AskModel,
  type InferenceModel,
  type InferenceServer,
} from "../../src/inference/index.ts";

/** Models that are made by their names, and graphs of them, served over both protocols. */
export async function serveNamed(
  make: (ask: AskModel) => Readonly<Record<string, InferenceModel>>,
  {
    graphs = [],
    random = Math.random,
    payloads,
    configs = {},
  }: {
    readonly graphs?: readonly GraphDefinition[];
    readonly random?: () => number;
    readonly payloads?: PayloadLog;
    /** By a model's name its config.pbtxt. */
    readonly configs?: Readonly<Record<string, string>>;
  } = {},
) {
  let server: InferenceServer | undefined;
  const ask = createAskModel(() => {
    if (server === undefined) throw new Error("it is asked before it is made");
    return server;
  });
  const made = make(ask);
  const root = mkdtempSync(join(tmpdir(), "mill-named-"));
  for (const name of Object.keys(made)) {
    mkdirSync(join(root, name, "1"), { recursive: true });
    writeFileSync(join(root, name, "1", "model.onnx"), "");
    if (configs[name] !== undefined) writeFileSync(join(root, name, "config.pbtxt"), configs[name]);
  }
  const openModel = async (file: string) => {
    const found = made[basename(dirname(dirname(file)))];
    if (found === undefined) throw new Error(`${file} is of no model`);
    return found;
  };
  const [clock, logger, host] = [systemClock, silentLogger, "127.0.0.1"];
  const base = await openFolderModels({ root, openModel, clock, logger });
  const models = withGraphs(base, { ask, clock, logger, random });
  models.apply(graphs);
  server = createInferenceServer({ version: "1", models, clock, logger, cacheBytesMax: 2 ** 20, payloads });
  const bodyBytesMax = 2 ** 20;
  const rest = await startRest(server, { host, port: 0, bodyBytesMax, logger, mayAsk: () => true });
  const listening = await startGrpc(server, { host, port: 0, bodyBytesMax, logger });
  const client = new grpc.Client(`${host}:${listening.port}`, grpc.credentials.createInsecure());
  return {
    server,
    graphs: models,
    url: `http://${host}:${(rest.address() as AddressInfo).port}`,
    /** The decoded answer to a `ModelInferRequest`. */
    inferGrpc: async (message: object, metadata: Readonly<Record<string, string | readonly string[]>> = {}) => {
      const method = (await openService()).methods.find(({ name }) => name === "ModelInfer");
      if (method === undefined) throw new Error("there is no ModelInfer");
      const beside = new grpc.Metadata();
      for (const [name, values] of Object.entries(metadata))
        for (const value of [values].flat()) beside.add(name, value);
      const asItIs = (bytes: Buffer) => bytes;
      const bytes = await new Promise<Buffer>((resolve, reject) => {
        client.makeUnaryRequest(method.path, asItIs, asItIs, method.encodeRequest(message), beside, (error, found) =>
          error === null && found !== undefined ? resolve(found) : reject(error ?? new Error("no answer")),
        );
      });
      return method.decodeResponse(bytes);
    },
    close: async () => {
      client.close();
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
      await listening.close(0);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
