import { gzipSync } from "node:zlib";
import { openService } from "../../src/inference/grpc/service.ts";
import { askFrames, askGrpc, askRaw, type Places } from "./ask.ts";
import { BODY_BYTES_MAX, type BadInput } from "./rest-rows.ts";

const { methods } = await openService();

/** A call's path, and its message's bytes. */
function message(method: string, value: object): { readonly path: string; readonly bytes: Buffer } {
  const found = methods.find(({ name }) => name === method);
  if (found === undefined) throw new Error(`there is no ${method}`);
  return { path: found.path, bytes: found.encodeRequest(value) };
}

function call(
  name: string,
  [status, code]: readonly [string, string?],
  [method, value]: readonly [string, object],
): BadInput {
  const asked = message(method, value);
  const ask = (places: Places) => askGrpc(places, asked);
  return { name, status, ...(code === undefined ? {} : { code: `inference/${code}` }), ask };
}

const BAD = ["INVALID_ARGUMENT", "bad-request"] as const;
const shape = [1, 2];
const TEXTS = Buffer.from("0100000061" + "0100000062", "hex");
const RAW = [Buffer.alloc(16), TEXTS, Buffer.alloc(8)];

type Tensor = Record<string, unknown>;

function tensors(change: Tensor = {}): Tensor[] {
  return [
    { name: "TAG", datatype: "INT64", shape, ...change },
    { name: "TEXT", datatype: "BYTES", shape },
    { name: "REAL", datatype: "FP32", shape },
  ];
}

function infer(name: string, change: object): BadInput {
  const whole = { model_name: "echo", inputs: tensors(), raw_input_contents: RAW };
  return call(name, BAD, ["ModelInfer", { ...whole, ...change }]);
}

const typed = (contents: object) => [
  { ...tensors()[0], contents },
  { ...tensors()[1], contents: { bytes_contents: [Buffer.from("a"), Buffer.from("b")] } },
  { ...tensors()[2], contents: { fp32_contents: [0, 1] } },
];

const good = message("ModelInfer", { model_name: "echo", inputs: tensors(), raw_input_contents: RAW });
const slow = message("ModelInfer", { model_name: "slow", inputs: tensors(), raw_input_contents: RAW });

const BOMB = gzipSync(Buffer.alloc(3 * BODY_BYTES_MAX));

/** A message behind gRPC's prefix: whether it is packed, and its length. */
function frame(bytes: Buffer, { flag = 0, length = bytes.length } = {}): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

export const grpcRows: readonly BadInput[] = [
  call("a model that there is not", ["NOT_FOUND", "unknown-model"], ["ModelInfer", { model_name: "nobody" }]),
  call(
    "a version that there is not",
    ["NOT_FOUND", "unknown-model"],
    ["ModelInfer", { model_name: "echo", model_version: "9" }],
  ),
  call(
    "a model that is unloaded",
    ["UNAVAILABLE", "not-ready"],
    ["ModelInfer", { model_name: "idle", inputs: tensors(), raw_input_contents: RAW }],
  ),
  infer("no inputs", { inputs: [], raw_input_contents: [] }),
  infer("a missing input", { inputs: tensors().slice(1), raw_input_contents: RAW.slice(1) }),
  infer("an input twice", {
    inputs: [...tensors(), tensors()[0]],
    raw_input_contents: [...RAW, RAW[0]],
  }),
  infer("an input that the model has not", {
    inputs: [...tensors(), { ...tensors()[0], name: "MORE" }],
    raw_input_contents: [...RAW, RAW[0]],
  }),
  infer("another datatype", { inputs: tensors({ datatype: "INT32" }) }),
  infer("an unknown datatype", { inputs: tensors({ datatype: "FP31" }) }),
  infer("another rank", { inputs: tensors({ shape: [2] }) }),
  infer("another last size", { inputs: tensors({ shape: [2, 1] }) }),
  infer("a negative size", { inputs: tensors({ shape: [-1, 2] }) }),
  infer("a size beyond all memory", { inputs: tensors({ shape: ["1099511627776", 2] }) }),
  infer("raw contents of a byte too few", { raw_input_contents: [Buffer.alloc(15), ...RAW.slice(1)] }),
  infer("raw contents for fewer inputs", { raw_input_contents: RAW.slice(0, 2) }),
  infer("raw contents for more inputs", { raw_input_contents: [...RAW, Buffer.alloc(8)] }),
  infer("raw and typed contents", { inputs: typed({ int64_contents: [1, 2] }) }),
  infer("raw text that is cut off", {
    raw_input_contents: [RAW[0], TEXTS.subarray(0, 8), RAW[2]],
  }),
  infer("typed contents of another type", {
    inputs: typed({ fp32_contents: [1, 2] }),
    raw_input_contents: [],
  }),
  infer("a typed element too few", { inputs: typed({ int64_contents: [1] }), raw_input_contents: [] }),
  infer("an output that the model has not", { outputs: [{ name: "NONE" }] }),
  infer("shared memory that is not registered", {
    inputs: tensors({
      parameters: { shared_memory_region: { string_param: "r" }, shared_memory_byte_size: { int64_param: 16 } },
    }),
    raw_input_contents: RAW.slice(1),
  }),
  call(
    "a load of a model that there is not",
    ["NOT_FOUND", "unknown-model"],
    ["RepositoryModelLoad", { model_name: "nobody" }],
  ),
  call(
    "a load of a name that leaves the folder",
    ["NOT_FOUND", "unknown-model"],
    ["RepositoryModelLoad", { model_name: "../../etc" }],
  ),
  call(
    "a setting of the log that is none",
    ["INVALID_ARGUMENT", "setting"],
    ["LogSettings", { settings: { log_nothing: { bool_param: true } } }],
  ),
  {
    name: "a message that is none",
    status: "INVALID_ARGUMENT",
    code: "inference/bad-request",
    ask: (places) => askGrpc(places, { path: good.path, bytes: Buffer.from("ffffffff", "hex") }),
  },
  {
    name: "a message that is too large",
    status: "RESOURCE_EXHAUSTED",
    ask: (places) => askGrpc(places, { path: good.path, bytes: Buffer.alloc(BODY_BYTES_MAX + 1) }),
  },
  {
    name: "a method that there is not",
    status: "UNIMPLEMENTED",
    ask: (places) => askGrpc(places, { path: "/inference.GRPCInferenceService/ModelGuess", bytes: Buffer.alloc(0) }),
  },
  {
    name: "a service that there is not",
    status: "UNIMPLEMENTED",
    ask: (places) => askGrpc(places, { path: "/other.Service/ModelInfer", bytes: Buffer.alloc(0) }),
  },
  {
    name: "a deadline that passes",
    status: "DEADLINE_EXCEEDED",
    ask: (places) => askGrpc(places, { ...slow, deadlineMs: 60 }),
  },
  {
    name: "a call that is cancelled",
    status: "CANCELLED",
    ask: (places) => askGrpc(places, { ...slow, isCancelled: true }),
  },
  {
    name: "a frame that is shorter than its prefix tells",
    status: "UNIMPLEMENTED",
    ask: (places) => askFrames(places, { path: good.path, data: frame(good.bytes, { length: 5_000 }) }),
  },
  {
    name: "a frame that says it is packed and is not",
    status: "INTERNAL",
    ask: (places) =>
      askFrames(places, {
        path: good.path,
        data: frame(good.bytes, { flag: 1 }),
        headers: { "grpc-encoding": "gzip" },
      }),
  },
  {
    name: "a gzip bomb: 3 MB of zeros in 3 kB",
    status: "RESOURCE_EXHAUSTED",
    ask: (places) =>
      askFrames(places, { path: good.path, data: frame(BOMB, { flag: 1 }), headers: { "grpc-encoding": "gzip" } }),
  },
  {
    name: "a frame whose prefix tells 4 GB",
    status: "RESOURCE_EXHAUSTED",
    ask: (places) => askFrames(places, { path: good.path, data: frame(good.bytes, { length: 2 ** 32 - 1 }) }),
  },
  {
    name: "two messages in a unary call",
    status: "UNIMPLEMENTED",
    ask: (places) =>
      askFrames(places, { path: good.path, data: Buffer.concat([frame(good.bytes), frame(good.bytes)]) }),
  },
  {
    name: "no message in a unary call",
    status: "UNIMPLEMENTED",
    ask: (places) => askFrames(places, { path: good.path, data: Buffer.alloc(0) }),
  },
  {
    name: "another content type",
    status: "415",
    ask: (places) =>
      askFrames(places, { path: good.path, data: frame(good.bytes), headers: { "content-type": "application/json" } }),
  },
  {
    name: "HTTP/1.1 on gRPC's port",
    status: "closed",
    ask: ({ grpcPort }) => askRaw(grpcPort, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  },
  {
    name: "frames that are none",
    status: "closed",
    ask: ({ grpcPort }) =>
      askRaw(grpcPort, Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.alloc(64, 0xff)])),
  },
];
