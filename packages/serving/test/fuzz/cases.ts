import { gzipSync } from "node:zlib";
import type { OutgoingHttpHeaders } from "node:http";
import { openService } from "../../src/inference/grpc/service.ts";
import { mutated, tornBytes, tornText, type Random } from "./mutate.ts";

/** A request as it is sent. */
export interface HttpFuzzed {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

export interface GrpcFuzzed {
  readonly path: string;
  readonly bytes: Buffer;
}

const shape = [1, 2];
const V2 = {
  id: "x",
  parameters: { timeout: 5_000_000, priority: 1 },
  inputs: [
    { name: "TAG", datatype: "INT64", shape, data: [1, 2] },
    { name: "TEXT", datatype: "BYTES", shape, data: ["a", "b"], parameters: {} },
    { name: "REAL", datatype: "FP32", shape, data: [[0, 1.5]] },
  ],
  outputs: [{ name: "TAG", parameters: { classification: 1 } }, { name: "TEXT" }],
};
const TEXTS = Buffer.from("01000000610100000062", "hex");
const RAW = [Buffer.alloc(16, 1), TEXTS, Buffer.alloc(8)];
const BINARY = {
  parameters: { binary_data_output: true },
  inputs: V2.inputs.map(({ data: _data, ...input }, at) => ({
    ...input,
    parameters: { binary_data_size: RAW[at]?.length },
  })),
};
const row = { TAG: [1, 2], TEXT: ["a", "b"], REAL: [0, 1] };
const V1 = [{ instances: [row, row] }, { inputs: { TAG: [[1, 2]], TEXT: [["a", "b"]], REAL: [[0, 1]] } }];
const FRAMES = [
  { dataframe_split: { columns: ["TAG", "TEXT", "REAL"], data: [[1, "a", 0.5]] } },
  { dataframe_records: [{ TAG: 1, TEXT: "a", REAL: 0.5 }, { TAG: 2 }] },
  { instances: [row] },
  { inputs: row },
];
const CSV = 'TAG,TEXT,REAL\n1,"a ""b"", c",0.5\n2,,nan\n';

const PATHS = ["", "/", "?x", "/%00", "/%ff", "/../x", "#y"];
const ENCODINGS = ["gzip", "deflate", "identity", "br", "gzip, gzip", ""];
const JSON_TYPE = { "content-type": "application/json" };

/** Now and then another address, another method, another head. */
function posted(path: string, body: Buffer | string, { random, headers = {} }: Sent): HttpFuzzed {
  const bytes = Buffer.from(body as string);
  const isPacked = random(12) === 0;
  const encoding = isPacked ? { "content-encoding": ENCODINGS[random(ENCODINGS.length)] ?? "" } : {};
  return {
    method: random(40) === 0 ? "PUT" : "POST",
    path: random(30) === 0 ? path + PATHS[random(PATHS.length)] : path,
    headers: { ...JSON_TYPE, ...headers, ...encoding, ...(random(10) === 0 ? { "accept-encoding": "gzip" } : {}) },
    body: isPacked && random(2) === 0 ? gzipSync(bytes) : bytes,
  };
}

interface Sent {
  readonly random: Random;
  readonly headers?: OutgoingHttpHeaders;
}

/** JSON of a changed value, and at times torn itself. */
function jsonOf(value: unknown, random: Random): string {
  const text = JSON.stringify(mutated(value, { random, times: 1 + random(3) })) ?? "";
  return random(5) === 0 ? tornText(text, random) : text;
}

function binaryRequest(random: Random): HttpFuzzed {
  const json = Buffer.from(jsonOf(BINARY, random));
  const parts = RAW.map((bytes) => (random(6) === 0 ? tornBytes(bytes, random) : bytes));
  const length = random(6) === 0 ? json.length + random(40) - 20 : json.length;
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": random(20) === 0 ? "x" : String(length),
  };
  return posted("/v2/models/echo/infer", Buffer.concat([json, ...parts]), { random, headers });
}

/** By the protocol. */
export const httpCases: Readonly<Record<string, (random: Random) => HttpFuzzed>> = {
  "REST v2, JSON": (random) => posted("/v2/models/echo/infer", jsonOf(V2, random), { random }),
  "REST v2, binary": binaryRequest,
  "KServe v1": (random) => posted("/v1/models/echo:predict", jsonOf(V1[random(V1.length)], random), { random }),
  "MLflow scoring": (random) => {
    const path = "/invocations?model=echo";
    if (random(3) > 0) return posted(path, jsonOf(FRAMES[random(FRAMES.length)], random), { random });
    const type = random(8) === 0 ? "text/csv; charset=latin1" : "text/csv";
    const csv = random(4) === 0 ? tornBytes(Buffer.from(CSV), random) : tornText(CSV, random);
    return posted(path, csv, { random, headers: { "content-type": type } });
  },
};

const GRPC = {
  model_name: "echo",
  id: "x",
  parameters: { timeout: { int64_param: 5_000_000 } },
  inputs: V2.inputs.map(({ name, datatype }) => ({ name, datatype, shape })),
  outputs: [{ name: "TAG", parameters: { classification: { int64_param: 1 } } }],
  raw_input_contents: RAW,
};
const TYPED = {
  model_name: "echo",
  inputs: [
    { name: "TAG", datatype: "INT64", shape, contents: { int64_contents: [1, 2] } },
    { name: "TEXT", datatype: "BYTES", shape, contents: { bytes_contents: [Buffer.from("a"), Buffer.from("b")] } },
    { name: "REAL", datatype: "FP32", shape, contents: { fp32_contents: [0, 1] } },
  ],
};

const { methods } = await openService();
const infer = methods.find(({ name }) => name === "ModelInfer");
const others = methods.filter(({ isStream, name }) => !isStream && name !== "ModelInfer");

/** A message of changed parts, and at times of torn bytes; now and then to another method. */
export function grpcCase(random: Random): GrpcFuzzed {
  const value = mutated(random(2) === 0 ? GRPC : TYPED, { random, times: 1 + random(2) });
  let bytes: Buffer;
  try {
    bytes = infer?.encodeRequest(value) ?? Buffer.alloc(0);
  } catch {
    // No message has such a value: then its bytes are torn.
    bytes = tornBytes(infer?.encodeRequest(GRPC) ?? Buffer.alloc(0), random);
  }
  if (random(3) === 0) bytes = tornBytes(bytes, random);
  const other = random(12) === 0 ? others[random(others.length)] : undefined;
  return { path: (other ?? infer)?.path ?? "", bytes };
}
