import { Agent, request } from "node:http";
import * as grpc from "@grpc/grpc-js";
import { field, fieldsOf, varint } from "./wire.ts";

// Callers of the model `identity` who ask without pause, each time with a number of their own, over kept connections.

interface Answered {
  readonly tag: number;
  readonly version: string;
  /** Of `performance.now()`. */
  readonly atMs: number;
}

/** What callers were told. */
export interface TensorCalls {
  readonly answered: readonly Answered[];
  /** Answers that were another's, in words. */
  readonly wrong: readonly string[];
  /** Requests that were on their way and got no answer, or another than was asked for, in words. */
  readonly failed: readonly string[];
  /** Requests that nobody was there for: the connection was refused. */
  readonly refused: number;
  stop(): Promise<void>;
}

interface Caller {
  ask(tag: number): Promise<{ readonly tag: number; readonly version: string }>;
  close(): void;
}

export function keepAskingRest(port: number, options: { readonly callers: number; readonly onRefused?: "end" }) {
  return keepAsking(() => restCaller(port), options);
}

export function keepAskingGrpc(port: number, options: { readonly callers: number; readonly onRefused?: "end" }) {
  return keepAsking(() => grpcCaller(port), options);
}

/** Of all callers of this process. */
let nextTag = 1;

function keepAsking(
  connect: () => Caller,
  { callers, onRefused }: { readonly callers: number; readonly onRefused?: "end" },
): TensorCalls {
  const answered: Answered[] = [];
  const [wrong, failed]: [string[], string[]] = [[], []];
  const state = { refused: 0, isStopped: false };
  const call = async () => {
    const caller = connect();
    while (!state.isStopped) {
      const tag = nextTag++;
      try {
        const answer = await caller.ask(tag);
        if (answer.tag === tag) answered.push({ ...answer, atMs: performance.now() });
        else wrong.push(`${tag} was answered with ${answer.tag}`);
      } catch (error) {
        const text = String((error as Error).message);
        if (!/ECONNREFUSED/.test(text)) failed.push(text);
        else {
          state.refused += 1;
          if (onRefused === "end") break;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    caller.close();
  };
  const all = Promise.all(Array.from({ length: callers }, call));
  return {
    answered,
    wrong,
    failed,
    get refused() {
      return state.refused;
    },
    stop: async () => {
      state.isStopped = true;
      await all;
    },
  };
}

function restCaller(port: number): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (tag: number) =>
    new Promise<{ tag: number; version: string }>((resolve, reject) => {
      const told = { host: "127.0.0.1", port, method: "POST", path: "/v2/models/identity/infer", agent };
      const asked = request(told, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}: ${text}`));
          const { id, model_version, outputs } = JSON.parse(text) as {
            readonly id: string;
            readonly model_version: string;
            readonly outputs: readonly { readonly data: readonly number[] }[];
          };
          const [found = Number.NaN] = outputs[0]?.data ?? [];
          resolve({ tag: id === String(found) ? found : Number.NaN, version: model_version });
        });
      });
      asked.on("error", reject);
      const body = { id: String(tag), inputs: [{ name: "x", datatype: "INT64", shape: [1], data: [tag] }] };
      asked.end(JSON.stringify(body));
    });
  return { ask, close: () => agent.destroy() };
}

const INFER = "/inference.GRPCInferenceService/ModelInfer";
export const STREAM_INFER = "/inference.GRPCInferenceService/ModelStreamInfer";
export const asItIs = (bytes: Buffer) => bytes;

/** A `ModelInferRequest` (grpc_predict_v2.proto), its tensor raw. */
export function inferMessage(tag: number): Buffer {
  const raw = Buffer.alloc(8);
  raw.writeBigInt64LE(BigInt(tag));
  const input = Buffer.concat([field(1, "x"), field(2, "INT64"), field(3, varint(1))]);
  return Buffer.concat([field(1, "identity"), field(3, String(tag)), field(5, input), field(7, raw)]);
}

/** Reads a `ModelInferResponse`. */
export function answerIn(message: Buffer): { readonly tag: number; readonly version: string } {
  const found = (number: number) => {
    const value = fieldsOf(message).find((one) => one.number === number)?.value;
    return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
  };
  const raw = found(6);
  const tag = raw.length === 8 ? Number(raw.readBigInt64LE()) : Number.NaN;
  return { tag: found(3).toString() === String(tag) ? tag : Number.NaN, version: found(2).toString() };
}

/** Connects anew soon after it was refused. */
const SOON = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 100 };

export function grpcClient(port: number): grpc.Client {
  return new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    ...SOON,
    "grpc.use_local_subchannel_pool": 1,
  });
}

function grpcCaller(port: number): Caller {
  const client = grpcClient(port);
  const ask = (tag: number) =>
    new Promise<{ tag: number; version: string }>((resolve, reject) => {
      client.makeUnaryRequest(INFER, asItIs, asItIs, inferMessage(tag), (error, bytes) =>
        bytes === undefined ? reject(error ?? new Error("no answer")) : resolve(answerIn(bytes)),
      );
    });
  return { ask, close: () => client.close() };
}
