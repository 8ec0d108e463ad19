import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { askGrpc, askRest, type Found } from "./support/ask.ts";
import { startBare, startMill, startPeers, type InferenceServer } from "./support/inference-servers.ts";
import { randomTrees } from "./support/random-trees.ts";

const FEATURES = 32;
const CONNECTIONS = [1, 16, 64];

/** The same trees, by how they are asked: read natively, as every file of trees is; by ONNX Runtime; in adaptive batches. */
const MODELS = {
  trees: "",
  runtime: 'backend: "onnxruntime"',
  batched: "max_batch_size: 64 dynamic_batching {}",
} as const;

/**
 * One row of 100 trees and 32 features by the Open Inference Protocol, with validation, statistics and metrics on and no line
 * of log a request: beside a bare server that runs the same model and sends as many bytes, and beside MLServer and KServe's
 * server where there are their environments.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-inference-"));
  const servers: InferenceServer[] = [];
  try {
    await writeModels(folder);
    const model = join(folder, "trees", "1", "model.onnx");
    const bare = await startBare(model, FEATURES);
    servers.push(bare);
    const mill = await startMill(folder);
    servers.push(mill);
    const peers = await startPeers(model);
    servers.push(...peers);
    await requireSameAnswers([mill, ...peers]);
    const results: BenchResult[] = [];
    for (const protocol of ["REST", "gRPC"] as const) {
      for (const server of servers) await askOf({ protocol, server, connections: 16, model: "trees" });
      for (const connections of CONNECTIONS)
        results.push(...(await measured({ protocol, connections, bare, mill, peers })));
    }
    for (const { process } of servers.splice(0)) process.kill();
    if (peers.length > 0) results.push(...(await logged(folder, servers)));
    return results;
  } finally {
    for (const { process } of servers) process.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeModels(folder: string): Promise<void> {
  const model = await exportOnnx(randomTrees({ seed: 1, trees: 100, features: FEATURES }));
  for (const [name, config] of Object.entries(MODELS)) {
    mkdirSync(join(folder, name, "1"), { recursive: true });
    writeFileSync(join(folder, name, "1", "model.onnx"), model);
    writeFileSync(join(folder, name, "config.pbtxt"), config);
  }
}

/** The same once more with a line in everybody's log for each request, as the others have it by themselves. */
async function logged(folder: string, servers: InferenceServer[]): Promise<readonly BenchResult[]> {
  const mill = await startMill(folder, { logging: "logged" });
  servers.push(mill);
  const peers = await startPeers(join(folder, "trees", "1", "model.onnx"), "logged");
  servers.push(...peers);
  const results: BenchResult[] = [];
  for (const protocol of ["REST", "gRPC"] as const) {
    const asked = { protocol, connections: 16, model: "trees" };
    for (const server of servers) await askOf({ ...asked, server });
    const found = await askOf({ ...asked, server: mill });
    for (const peer of peers) {
      const beside = { name: peer.name, found: await askOf({ ...asked, server: peer }) };
      results.push(...compared(`${protocol}, logged, 16`, found, beside));
    }
  }
  return results;
}

interface Measured {
  readonly protocol: "REST" | "gRPC";
  readonly connections: number;
  readonly bare: InferenceServer;
  readonly mill: InferenceServer;
  readonly peers: readonly InferenceServer[];
}

/** Each kind of our models beside the bare server, then the plain one beside the other servers. */
async function measured({ protocol, connections, bare, mill, peers }: Measured): Promise<readonly BenchResult[]> {
  const asked = { protocol, connections };
  const alone = { name: protocol === "REST" ? "node:http" : "grpc-js" };
  const aloneFound = await askOf({ ...asked, server: bare, model: "trees" });
  const results: BenchResult[] = [];
  let plain: Found | undefined;
  for (const model of Object.keys(MODELS)) {
    const found = await askOf({ ...asked, server: mill, model });
    if (model === "trees") plain = found;
    results.push(...compared(`${protocol}, ${model}, ${connections}`, found, { ...alone, found: aloneFound }));
  }
  for (const peer of peers) {
    const found = await askOf({ ...asked, server: peer, model: "trees" });
    if (plain !== undefined)
      results.push(...compared(`${protocol}, trees, ${connections}`, plain, { name: peer.name, found }));
  }
  return results;
}

function compared(
  name: string,
  found: Found,
  peer: { readonly name: string; readonly found: Found },
): readonly BenchResult[] {
  const beside = (read: (found: Found) => number) => ({
    value: read(found),
    peer: { name: peer.name, value: read(peer.found) },
  });
  return [
    { name: `${name}: the server's processor time each`, unit: "µs", ...beside(({ cpuUs }) => cpuUs) },
    { name: `${name}: p50`, unit: "ms", ...beside(({ p50Ms }) => p50Ms) },
    { name: `${name}: p99`, unit: "ms", ...beside(({ p99Ms }) => p99Ms) },
    { name: `${name}: answers`, unit: "1/s", ...beside(({ perSecond }) => perSecond) },
    ...[found, peer.found].flatMap(({ refused }, at) =>
      refused === 0 ? [] : [{ name: `${name}: refused by ${at === 0 ? "us" : peer.name}`, value: refused, unit: "" }],
    ),
  ];
}

interface Asked {
  readonly protocol: "REST" | "gRPC";
  readonly server: InferenceServer;
  readonly connections: number;
  readonly model: string;
}

function askOf({ protocol, server, connections, model }: Asked): Promise<Found> {
  return protocol === "REST"
    ? askRest({ server, connections, path: `/v2/models/${model}/infer`, bodies: [REST_BODY] })
    : askGrpc({ server, connections, message: grpcMessage(model) });
}

/** What `exportOnnx` calls the input. */
const INPUT = "features";
const ROW = Float32Array.from({ length: FEATURES }, (_, at) => Math.fround(Math.sin(at) * 10));
const REST_BODY = JSON.stringify({
  inputs: [{ name: INPUT, datatype: "FP32", shape: [1, FEATURES], data: [...ROW] }],
});

/** Nobody is measured who does not answer with what the others do. */
async function requireSameAnswers(servers: readonly InferenceServer[]): Promise<void> {
  const answers = await Promise.all(
    servers.map(async ({ rest }) => {
      const response = await fetch(`http://127.0.0.1:${rest}/v2/models/trees/infer`, {
        method: "POST",
        body: REST_BODY,
        headers: { "content-type": "application/json" },
      });
      const { outputs } = (await response.json()) as { readonly outputs?: readonly { data: readonly number[] }[] };
      return Math.fround(outputs?.[0]?.data[0] ?? Number.NaN);
    }),
  );
  const odd = servers.find((_, at) => answers[at] !== answers[0]);
  if (odd !== undefined) throw new Error(`${odd.name} answers otherwise: ${answers.join(", ")}`);
}

/** A `ModelInferRequest` as the protocol's definition has it on the wire, its tensor raw. */
function grpcMessage(model: string): string {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), Buffer.from(bytes)]);
  const shape = field(3, Buffer.of(1, FEATURES));
  const tensor = Buffer.concat([field(1, Buffer.from(INPUT)), field(2, Buffer.from("FP32")), shape]);
  const raw = Buffer.from(ROW.buffer);
  const head = Buffer.concat([field(1, Buffer.from(model)), field(5, tensor)]);
  // Longer than 127 bytes: its length takes two.
  const size = Buffer.of((7 << 3) | 2, (raw.length & 127) | 128, raw.length >> 7);
  return Buffer.concat([head, size, raw]).toString("base64");
}
