import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { serveEcho } from "./support/tagged-models.ts";

let served: Awaited<ReturnType<typeof serveEcho>>;
beforeAll(async () => {
  served = await serveEcho();
});
afterAll(() => served.close());

type Input = Record<string, unknown>;

function inputs(change: Input = {}): Input[] {
  const shape = [1, 2];
  const tag: Input = { name: "TAG", datatype: "INT64", shape, data: [1, 2], ...change };
  for (const [name, value] of Object.entries(change)) if (value === undefined) delete tag[name];
  return [
    tag,
    { name: "TEXT", datatype: "BYTES", shape, data: ["a", "b"] },
    { name: "HALF", datatype: "FP16", shape, data: [0, 1] },
  ];
}

const ECHO = "/v2/models/echo/infer";

async function ask(path: string, body: unknown, headers: Record<string, string> = {}, method = "POST") {
  const sent = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${served.url}${path}`, {
    method,
    headers,
    ...(method === "GET" ? {} : { body: sent }),
  });
  const text = await response.text();
  return { status: response.status, answer: JSON.parse(text) as { error?: string; outputs?: { data: unknown[] }[] } };
}

function binary(head: object, ...parts: Buffer[]): readonly [Buffer, Record<string, string>] {
  const json = Buffer.from(JSON.stringify(head));
  return [Buffer.concat([json, ...parts]), { "inference-header-content-length": String(json.length) }];
}

const [cutBody, cutHeaders] = binary(
  { inputs: inputs({ data: undefined, parameters: { binary_data_size: 16 } }) },
  Buffer.alloc(15),
);
const [longBody, longHeaders] = binary(
  { inputs: inputs({ data: undefined, parameters: { binary_data_size: 16 } }) },
  Buffer.alloc(17),
);

/** What is sent, and the status that it is refused with. */
const BAD: Readonly<
  Record<
    string,
    readonly [status: number, body: unknown, path?: string, headers?: Record<string, string>, method?: string]
  >
> = {
  "an unknown model": [404, {}, "/v2/models/nobody/infer"],
  "an unknown version": [404, {}, "/v2/models/echo/versions/9/infer"],
  "a model that leaves the folder": [404, {}, "/v2/repository/models/..%2f..%2fetc/load"],
  "an address that is none": [404, {}, "/v2/nowhere"],
  "another method": [405, {}, ECHO, {}, "GET"],
  "text that is not JSON": [400, "{"],
  "JSON that is no object": [400, [1]],
  "no UTF-8": [400, Buffer.from([0xff, 0xfe, 0x7b, 0x7d])],
  "a hundred thousand lists in each other": [400, `{"inputs":[{"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}]}`],
  "no inputs": [400, {}],
  "an input that is null": [400, { inputs: [null] }],
  "an input too few": [400, { inputs: inputs().slice(1) }],
  "an input too many": [400, { inputs: [...inputs(), { ...inputs()[0], name: "MORE" }] }],
  "an input twice": [400, { inputs: [...inputs(), inputs()[0]] }],
  "a name that is no text": [400, { inputs: inputs({ name: 5 }) }],
  "another datatype": [400, { inputs: inputs({ datatype: "INT32" }) }],
  "an unknown datatype": [400, { inputs: inputs({ datatype: "FP31" }) }],
  "no shape": [400, { inputs: inputs({ shape: undefined }) }],
  "a negative size": [400, { inputs: inputs({ shape: [-1, 2] }) }],
  "a size with a fraction": [400, { inputs: inputs({ shape: [1.5, 2] }) }],
  "a shape beyond all memory": [400, { inputs: inputs({ shape: [2 ** 52, 2] }) }],
  "another rank": [400, { inputs: inputs({ shape: [2] }) }],
  "another last size": [400, { inputs: inputs({ shape: [2, 1] }) }],
  "other rows than the next input": [400, { inputs: inputs({ shape: [2, 2], data: [1, 2, 3, 4] }) }],
  "an element too few": [400, { inputs: inputs({ data: [1] }) }],
  "an element too many": [400, { inputs: inputs({ data: [1, 2, 3] }) }],
  "a fraction among whole numbers": [400, { inputs: inputs({ data: [1.5, 2] }) }],
  "text among numbers": [400, { inputs: inputs({ data: ["1", 2] }) }],
  "a whole number of 64 bits and one more": [
    400,
    JSON.stringify({ inputs: inputs({ data: [0, 2] }) }).replace("[0,2]", "[9223372036854775808,2]"),
  ],
  "a large number with an exponent": [
    400,
    JSON.stringify({ inputs: inputs({ data: [0, 2] }) }).replace("[0,2]", "[1e300,2]"),
  ],
  "an unknown output": [400, { inputs: inputs(), outputs: [{ name: "NONE" }] }],
  "an output without a name": [400, { inputs: inputs(), outputs: [{}] }],
  "no classes": [400, { inputs: inputs(), outputs: [{ name: "TAG", parameters: { classification: 0 } }] }],
  "classes of text": [400, { inputs: inputs(), outputs: [{ name: "TEXT", parameters: { classification: 1 } }] }],
  "shared memory that is not registered": [
    400,
    { inputs: inputs({ data: undefined, parameters: { shared_memory_region: "r", shared_memory_byte_size: 16 } }) },
  ],
  "a segment that leaves its folder": [
    400,
    { key: "/../etc/passwd", byte_size: 1 },
    "/v2/systemsharedmemory/region/r/register",
  ],
  "an id that is no text": [400, { inputs: inputs(), id: 5 }],
  "a header that cuts the JSON": [400, { inputs: inputs() }, ECHO, { "inference-header-content-length": "5" }],
  "a header beyond the body": [400, { inputs: inputs() }, ECHO, { "inference-header-content-length": "5000" }],
  "binary data that is cut off": [400, cutBody, ECHO, cutHeaders],
  "binary data and one byte more": [400, longBody, ECHO, longHeaders],
  "no gzip": [400, "hello", ECHO, { "content-encoding": "gzip" }],
  "an encoding that is not known": [400, "hello", ECHO, { "content-encoding": "br" }],
  "a small body that unpacks to a large one": [
    413,
    gzipSync(Buffer.alloc(3 * 2 ** 20)),
    ECHO,
    { "content-encoding": "gzip" },
  ],
  "a body that is too large": [413, "x".repeat(2 ** 20 + 1)],
  "a setting that is none": [400, { log_nothing: 1 }, "/v2/logging"],
  "a log at another place": [400, { log_file: "/tmp/x" }, "/v2/logging"],
  "a log without its errors": [400, { log_error: false }, "/v2/logging"],
  "a trace of no rate": [400, { trace_rate: "0" }, "/v2/trace/setting"],
};

async function stillAnswers(): Promise<void> {
  const { status, answer } = await ask(ECHO, { inputs: inputs(), outputs: [{ name: "TEXT" }] });
  expect({ status, data: answer.outputs?.[0]?.data }).toEqual({ status: 200, data: ["a", "b"] });
}

describe("what is refused", () => {
  test.each(Object.entries(BAD))("%s", async (_name, [status, body, path = ECHO, headers = {}, method = "POST"]) => {
    const refused = await ask(path, body, headers, method);
    expect(refused.status).toBe(status);
    expect(refused.answer.error).toMatch(/\w/);
    await stillAnswers();
  });

  test("two lengths in one request, and a body after its end, are no second request", async () => {
    const { port } = new URL(served.url);
    const inner = "GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n";
    const smuggled = [
      `POST ${ECHO} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      `POST ${ECHO} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\n${inner}`,
      `POST ${ECHO} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
    ];
    for (const text of smuggled) {
      const answer = await new Promise<string>((resolve) => {
        let said = "";
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(text));
        socket.on("data", (chunk: Buffer) => (said += chunk.toString()));
        socket.on("close", () => resolve(said));
        socket.on("error", () => resolve(said));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 400/);
      expect(answer).not.toContain("extensions");
    }
    await stillAnswers();
  });

  test("requests with parts put in, left out and turned: none ends in a defect", async () => {
    const whole = JSON.stringify({
      id: "x",
      inputs: inputs(),
      outputs: [{ name: "TAG", parameters: { classification: 1 } }],
      parameters: {},
    });
    let state = 11;
    const random = (bound: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const scraps = [
      '"',
      "[",
      "]",
      "{",
      "}",
      "null",
      "-1",
      "1e999",
      "9".repeat(30),
      ",",
      ":",
      "\0",
      "data",
      "true",
      '"__proto__"',
    ];
    const rounds = inject("full") ? 100_000 : 500;
    const statuses = new Set<number>();
    for (let round = 0; round < rounds; round += 1) {
      let text = whole;
      for (let cuts = random(4); cuts >= 0; cuts -= 1) {
        const at = random(text.length);
        text = text.slice(0, at) + scraps[random(scraps.length)] + text.slice(at + random(6));
      }
      statuses.add(
        (
          await ask(
            ECHO,
            text,
            random(3) === 0 ? { "inference-header-content-length": String(random(text.length + 3)) } : {},
          )
        ).status,
      );
    }
    expect([...statuses].filter((status) => status >= 500)).toEqual([]);
    await stillAnswers();
  });
});

describe("a folder of models", () => {
  test("a configuration that does not fit is told, and what served before goes on", async () => {
    const write = (text: string) => writeFileSync(join(served.root, "echo", "config.pbtxt"), text);
    const load = (body: object = {}) => ask("/v2/repository/models/echo/load", body);
    write('input [ { name: "NONE" data_type: TYPE_FP32 dims: [ 1 ] } ]');
    expect((await load()).answer.error).toContain("NONE");
    await stillAnswers();
    write("max_batch_size: }");
    expect((await load()).status).toBe(422);
    write(
      'max_batch_size: 2\nversion_policy { specific { versions: [ 1 ] } }\noutput [ { name: "TAG" data_type: TYPE_INT64 dims: [ 2 ] label_filename: "labels.txt" } ]',
    );
    writeFileSync(join(served.root, "echo", "labels.txt"), "low\nhigh\n");
    expect((await load()).status).toBe(200);
    const classified = await ask(ECHO, {
      inputs: inputs(),
      outputs: [{ name: "TAG", parameters: { classification: 1 } }],
    });
    expect(classified.answer.outputs?.[0]?.data).toEqual(["2:1:high"]);
    const many = Array.from({ length: 6 }, () => "x");
    const rows = inputs().map((input) => ({
      ...input,
      shape: [3, 2],
      data: input["name"] === "TEXT" ? many : [1, 2, 3, 4, 5, 6],
    }));
    expect((await ask(ECHO, { inputs: rows })).answer.error).toContain("3 rows");
    const index = await ask("/v2/repository/index", {});
    expect(index.answer).toEqual([{ name: "echo", version: "1", state: "READY", reason: "" }]);
    expect((await load({ parameters: { config: JSON.stringify({ version_policy: { all: {} } }) } })).status).toBe(200);
    expect((await ask("/v2/models/echo/versions/2/infer", { inputs: inputs() })).status).toBe(200);
  });

  test("what is unloaded is refused until it is loaded again", async () => {
    expect((await ask("/v2/repository/models/echo/unload", {})).status).toBe(200);
    expect((await ask(ECHO, { inputs: inputs() })).status).toBe(409);
    expect((await ask("/v2/repository/models/echo/load", {})).status).toBe(200);
    await stillAnswers();
  });
});
