import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { childrenOf, commandOf, cpuSecondsOf, millPath } from "./support/processes.ts";
import { randomTrees } from "./support/random-trees.ts";

const FEATURES = 32;
const [WARM_SECONDS, SECONDS] = [2, 5];
const CONNECTIONS = [1, 16, 64];
const support = join(import.meta.dirname, "support");

/**
 * One row of 100 trees and 32 features by the Open Inference Protocol, with validation, statistics and metrics on: beside a
 * bare server that runs the same model and sends as many bytes. Once as it is asked, once in adaptive batches.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-inference-"));
  try {
    const model = await exportOnnx(randomTrees({ seed: 1, trees: 100, features: FEATURES }));
    for (const [name, config] of Object.entries({ trees: "", batched: BATCHED })) {
      mkdirSync(join(folder, name, "1"), { recursive: true });
      writeFileSync(join(folder, name, "1", "model.onnx"), model);
      writeFileSync(join(folder, name, "config.pbtxt"), config);
    }
    const bare = await startBare(join(folder, "trees", "1", "model.onnx"));
    const mill = await startMill(folder);
    try {
      const results: BenchResult[] = [];
      const input = await inputOf(mill.rest);
      for (const connections of CONNECTIONS) {
        const rest = { kind: "REST", connections, ...restAsked(input) };
        const alone = await askOf({ ...rest, server: bare, path: "/" });
        for (const name of ["trees", "batched"]) {
          const found = await askOf({ ...rest, server: mill, path: `/v2/models/${name}/infer` });
          results.push(
            ...compared(`REST, ${name}, ${connections} connections`, found, { peer: "node:http alone", alone }),
          );
        }
        const grpc = { kind: "gRPC", connections, path: "" };
        const aloneGrpc = await askOf({ ...grpc, server: bare, body: grpcMessage("trees", input) });
        for (const name of ["trees", "batched"]) {
          const found = await askOf({ ...grpc, server: mill, body: grpcMessage(name, input) });
          results.push(
            ...compared(`gRPC, ${name}, ${connections} connections`, found, {
              peer: "grpc-js alone",
              alone: aloneGrpc,
            }),
          );
        }
      }
      return results;
    } finally {
      for (const { process } of [bare, mill]) process.kill();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const BATCHED = "max_batch_size: 64 dynamic_batching {}";

function compared(name: string, found: Found, { peer, alone }: Peer): readonly BenchResult[] {
  const beside = (value: number, other: number) => ({ value, peer: { name: peer, value: other } });
  return [
    { name: `${name}: the server's processor time each`, unit: "µs", ...beside(found.cpuUs, alone.cpuUs) },
    { name: `${name}: p50`, unit: "ms", ...beside(found.p50Ms, alone.p50Ms) },
    { name: `${name}: p99`, unit: "ms", ...beside(found.p99Ms, alone.p99Ms) },
    { name: `${name}: answers`, unit: "1/s", ...beside(found.perSecond, alone.perSecond) },
    ...(found.refused === 0 ? [] : [{ name: `${name}: refused`, value: found.refused, unit: "" }]),
  ];
}

interface Found {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  readonly cpuUs: number;
}

interface Peer {
  readonly peer: string;
  readonly alone: Found;
}

interface Server {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly rest: number;
  readonly grpc: number;
}

interface Asked {
  readonly kind: string;
  readonly server: Server;
  readonly connections: number;
  readonly path: string;
  readonly body: string;
}

async function askOf({ kind, server, connections, path, body }: Asked): Promise<Found> {
  const before = cpuSecondsOf(server.pid);
  const [script, port] = kind === "REST" ? ["caller.ts", server.rest] : ["grpc-caller.ts", server.grpc];
  const args = [join(support, script), port, connections, WARM_SECONDS, SECONDS, path].map(String);
  const caller = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  caller.stdin.end(body);
  const { asked, ...found } = JSON.parse(await text(caller.stdout)) as Omit<Found, "cpuUs"> & {
    readonly asked: number;
  };
  return { ...found, cpuUs: ((cpuSecondsOf(server.pid) - before) / asked) * 1e6 };
}

async function startBare(model: string): Promise<Server> {
  const args = [join(support, "bare-inference.ts"), model, String(FEATURES)];
  const process_ = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(process_.stdout, "data")) as [Buffer];
  const [rest = 0, grpc = 0] = said.toString().trim().split(" ").map(Number);
  return { process: process_, pid: process_.pid ?? 0, rest, grpc };
}

async function startMill(folder: string): Promise<Server> {
  const process_ = spawn(millPath, ["serve", folder, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(process_.stdout, "data")) as [Buffer];
  const { restPort, grpcPort } = JSON.parse(said.toString()) as {
    readonly restPort: number;
    readonly grpcPort: number;
  };
  // The process itself only keeps the one that serves.
  const pid = childrenOf(process_.pid ?? 0).find((child) => commandOf(child).includes("folder-main")) ?? 0;
  return { process: process_, pid, rest: restPort, grpc: grpcPort };
}

async function inputOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/v2/models/trees`);
  const { inputs } = (await answer.json()) as { readonly inputs: readonly { readonly name: string }[] };
  return inputs[0]?.name ?? "";
}

const ROW = Float32Array.from({ length: FEATURES }, (_, at) => Math.fround(Math.sin(at) * 10));

function restAsked(name: string): { readonly body: string } {
  return {
    body: JSON.stringify({ inputs: [{ name, datatype: "FP32", shape: [1, FEATURES], data: [...ROW] }] }),
  };
}

/** A `ModelInferRequest` as the protocol's definition has it on the wire, its tensor raw. */
function grpcMessage(model: string, input: string): string {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), Buffer.from(bytes)]);
  const shape = field(3, Buffer.of(1, FEATURES));
  const tensor = Buffer.concat([field(1, Buffer.from(input)), field(2, Buffer.from("FP32")), shape]);
  const raw = Buffer.from(ROW.buffer);
  const head = Buffer.concat([field(1, Buffer.from(model)), field(5, tensor)]);
  // Longer than 127 bytes: its length takes two.
  const size = Buffer.of((7 << 3) | 2, (raw.length & 127) | 128, raw.length >> 7);
  return Buffer.concat([head, size, raw]).toString("base64");
}
