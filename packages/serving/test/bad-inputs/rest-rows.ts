import { gzipSync } from "node:zlib";
import { askHttp, type HttpAsked, type Places, type Said } from "./ask.ts";

/** One bad input: how it is sent, and how we answer it. */
export interface BadInput {
  readonly name: string;
  readonly ask: (places: Places) => Promise<Said>;
  /** An HTTP status, gRPC's by its name, or `closed` of a connection. */
  readonly status: string;
  /** Of our catalogue of errors; undefined where gRPC's own library answers. */
  readonly code?: string;
}

export const BODY_BYTES_MAX = 2 ** 20;
export const ECHO = "/v2/models/echo/infer";

type Input = Record<string, unknown>;

/** The inputs of the model `echo`, one of them changed. */
export function inputs(change: Input = {}): Input[] {
  const shape = [1, 2];
  const tag: Input = { name: "TAG", datatype: "INT64", shape, data: [1, 2], ...change };
  for (const [name, value] of Object.entries(change)) if (value === undefined) delete tag[name];
  return [
    tag,
    { name: "TEXT", datatype: "BYTES", shape, data: ["a", "b"] },
    { name: "REAL", datatype: "FP32", shape, data: [0, 1] },
  ];
}

function binary(bytes: number): Pick<HttpAsked, "body" | "headers"> {
  const head = { inputs: inputs({ data: undefined, parameters: { binary_data_size: 16 } }) };
  const json = Buffer.from(JSON.stringify(head));
  return {
    body: Buffer.concat([json, Buffer.alloc(bytes)]),
    headers: { "content-type": "application/octet-stream", "inference-header-content-length": String(json.length) },
  };
}

/** A row that is asked over HTTP. */
export function http(name: string, [status, code]: readonly [number, string], asked: Partial<HttpAsked>): BadInput {
  return {
    name,
    status: String(status),
    code: `inference/${code}`,
    ask: (places) => askHttp(places, { path: ECHO, ...asked }),
  };
}

const BAD = [400, "bad-request"] as const;
const infer = (name: string, body: HttpAsked["body"]) => http(name, BAD, { body });
const tag = (name: string, change: Input) => infer(name, { inputs: inputs(change) });
/** What JSON has no value for is put into its text. */
const tagText = (name: string, data: string) =>
  infer(name, JSON.stringify({ inputs: inputs({ data: "@" }) }).replace('"@"', data));

const deep = "[".repeat(100_000) + "]".repeat(100_000);

export const restRows: readonly BadInput[] = [
  http("a model that there is not", [404, "unknown-model"], { path: "/v2/models/nobody/infer", body: {} }),
  http("a version that there is not", [404, "unknown-model"], { path: "/v2/models/echo/versions/9/infer", body: {} }),
  http("a model that is unloaded", [409, "not-ready"], {
    path: "/v2/models/idle/infer",
    body: { inputs: inputs() },
  }),
  http("a name that is wrongly encoded", [404, "no-such-address"], { path: "/v2/models/%ff%zz/infer", body: {} }),
  http("a name with a NUL", [404, "unknown-model"], { path: "/v2/models/echo%00/infer", body: {} }),
  http("a name of 8,000 characters", [404, "unknown-model"], {
    path: `/v2/models/${"x".repeat(8_000)}/infer`,
    body: {},
  }),
  http("a name that leaves the folder", [404, "unknown-model"], {
    path: "/v2/repository/models/..%2f..%2fetc/load",
    body: {},
  }),
  http("an address that is none", [404, "no-such-address"], { path: "/v2/nowhere", body: {} }),
  http("GET of inference", [405, "wrong-method"], { method: "GET" }),
  http("no body", BAD, {}),
  infer("JSON that is cut off", '{"inputs":[{"name":"TAG"'),
  infer("JSON that is no object", "[1]"),
  infer("a body that is no UTF-8", Buffer.from([0xff, 0xfe, 0x7b, 0x7d])),
  infer("lists within lists, 100,000 deep", `{"inputs":[{"data":${deep}}]}`),
  infer("no inputs", {}),
  infer("inputs that are no list", { inputs: {} }),
  infer("an input that is null", { inputs: [null] }),
  infer("a missing input", { inputs: inputs().slice(1) }),
  infer("an input that the model has not", { inputs: [...inputs(), { ...inputs()[0], name: "MORE" }] }),
  infer("an input twice", { inputs: [...inputs(), inputs()[0]] }),
  tag("a name that is no text", { name: 5 }),
  tag("another datatype", { datatype: "INT32" }),
  tag("an unknown datatype", { datatype: "FP31" }),
  tag("no shape", { shape: undefined }),
  tag("a shape that is text", { shape: "1,2" }),
  tag("a negative size", { shape: [-1, 2] }),
  tag("a size with a fraction", { shape: [1.5, 2] }),
  tag("a size beyond all memory", { shape: [2 ** 52, 2] }),
  tag("another rank", { shape: [2] }),
  tag("another last size", { shape: [2, 1] }),
  tag("other rows than the next input", { shape: [2, 2], data: [1, 2, 3, 4] }),
  tag("an element too few", { data: [1] }),
  tag("an element too many", { data: [1, 2, 3] }),
  tag("ragged lists", { data: [[1], [2, 3]] }),
  tag("a fraction among whole numbers", { data: [1.5, 2] }),
  tag("text among numbers", { data: ["1", 2] }),
  tag("the text NaN among whole numbers", { data: ["NaN", 2] }),
  tag("null among whole numbers", { data: [null, 2] }),
  tagText("the word NaN, which JSON has not", "[NaN,2]"),
  tagText("the word Infinity, which JSON has not", "[Infinity,2]"),
  tagText("a whole number of more than 64 bits", "[9223372036854775808,2]"),
  tagText("a whole number as 1e300", "[1e300,2]"),
  tag("no data", { data: undefined }),
  tag("data and binary data", { parameters: { binary_data_size: 16 } }),
  infer("an output that the model has not", { inputs: inputs(), outputs: [{ name: "NONE" }] }),
  infer("an output without a name", { inputs: inputs(), outputs: [{}] }),
  infer("the likeliest 0 classes", {
    inputs: inputs(),
    outputs: [{ name: "TAG", parameters: { classification: 0 } }],
  }),
  infer("classes of text", { inputs: inputs(), outputs: [{ name: "TEXT", parameters: { classification: 1 } }] }),
  infer("an id that is no text", { inputs: inputs(), id: 5 }),
  infer("parameters that are no object", { inputs: inputs(), parameters: [1] }),
  http("shared memory that is not registered", [400, "shared-memory"], {
    body: {
      inputs: inputs({
        data: undefined,
        parameters: { shared_memory_region: "r", shared_memory_byte_size: 16 },
      }),
    },
  }),
  http("shared memory outside of its folder", [400, "shared-memory"], {
    path: "/v2/systemsharedmemory/region/r/register",
    body: { key: "/../etc/passwd", byte_size: 1 },
  }),
  http("binary data that is cut off", BAD, binary(15)),
  http("a byte after the binary data", BAD, binary(17)),
  http("a header that cuts the JSON", BAD, {
    body: { inputs: inputs() },
    headers: { "content-type": "application/octet-stream", "inference-header-content-length": "5" },
  }),
  http("a header that tells more JSON than there is", BAD, {
    body: { inputs: inputs() },
    headers: { "content-type": "application/octet-stream", "inference-header-content-length": "5000" },
  }),
  http("a header of another number", BAD, {
    body: { inputs: inputs() },
    headers: { "content-type": "application/octet-stream", "inference-header-content-length": "-1" },
  }),
  http("a body that is no gzip", BAD, { body: "hello", headers: { "content-encoding": "gzip" } }),
  http("a body packed as br", BAD, { body: "hello", headers: { "content-encoding": "br" } }),
  http("a gzip bomb: 3 MB of zeros in 3 kB", [413, "too-large"], {
    body: gzipSync(Buffer.alloc(3 * BODY_BYTES_MAX)),
    headers: { "content-encoding": "gzip" },
  }),
  http("a body of a byte too many", [413, "too-large"], { body: "x".repeat(BODY_BYTES_MAX + 1) }),
  http("a setting of the log that is none", [400, "setting"], { path: "/v2/logging", body: { log_nothing: 1 } }),
  http("a log in another place", [400, "setting"], { path: "/v2/logging", body: { log_file: "/tmp/x" } }),
  http("a trace of no rate", [400, "setting"], { path: "/v2/trace/setting", body: { trace_rate: "0" } }),
  http("a configuration that is none", [422, "cannot-load"], {
    path: "/v2/repository/models/echo/load",
    body: { parameters: { config: "{" } },
  }),
];
