import { mkdtempSync, mkdirSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, Type } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  byteStream,
  createMetrics,
  platformErrors,
  route,
  startHttpServer,
  type EventRoute,
  type HttpServer,
} from "../src/index.ts";

const listeners = new Set<(event: { event: string; data: unknown }) => void>();
const events: EventRoute = {
  path: "/api/v1/events",
  summary: "Events.",
  subscribe: (send) => {
    send({ event: "whole", data: { n: 0 } });
    listeners.add(send);
    return () => listeners.delete(send);
  },
};

const bytes = { made: 0, isEnded: false };

/** Parts of a mebibyte; instead of the one of that number an error. */
async function* endlessParts(fails: number): AsyncGenerator<Uint8Array> {
  Object.assign(bytes, { made: 0, isEnded: false });
  try {
    for (;;) {
      bytes.made += 1;
      if (bytes.made === fails) throw platformErrors.create("platform/bad-request", { because: "it was to fail" });
      yield await Promise.resolve(new Uint8Array(2 ** 20));
    }
  } finally {
    bytes.isEnded = true;
  }
}

const routes = [
  route({
    id: "double",
    path: "/api/v1/double/:name",
    summary: "Doubles.",
    params: Type.Object({ name: Type.String() }),
    query: Type.Object({ times: Type.Integer({ default: 2, minimum: 1, maximum: 9 }) }),
    response: Type.Object({ name: Type.String(), times: Type.Integer() }, { title: "Doubled" }),
    handler: ({ params: { name }, query: { times } }) => ({ name, times }),
  }),
  route({
    id: "echo",
    path: "/api/v1/echo",
    summary: "Echoes.",
    body: Type.Object({ n: Type.Number() }),
    response: Type.Object({ n: Type.Number(), wide: Type.Unknown() }),
    handler: ({ body: { n } }) => ({ n, wide: 2n ** 60n }),
  }),
  route({
    id: "bytes",
    path: "/api/v1/bytes",
    summary: "Bytes without an end, or with an error instead.",
    query: Type.Object({ fails: Type.Integer({ default: 0 }) }),
    response: Type.Unknown(),
    alsoAnswers: ["application/octet-stream"],
    handler: ({ query: { fails } }) =>
      byteStream({ contentType: "application/octet-stream", headers: { "x-own": "1" }, parts: endlessParts(fails) }),
  }),
  route({
    id: "fail",
    path: "/api/v1/fail",
    summary: "Fails.",
    response: Type.Unknown(),
    handler: () => {
      throw new Error("the password is hunter2, at /etc/secret");
    },
  }),
];

let server: HttpServer;
let pages: string | undefined;
const folder = mkdtempSync(join(tmpdir(), "mill-pages-"));

beforeAll(async () => {
  const metrics = createMetrics();
  const count = metrics.counter("asked_total", "Asked.");
  count({ by: 'a "quoted"\nname' });
  server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    title: "Test",
    version: "1",
    routes,
    events: [events],
    metrics,
    protocols: [
      {
        prefix: "/other",
        answer: async ({ path }) => ({ status: 200, headers: { etag: '"a"' }, body: JSON.stringify({ path }) }),
        answerNow: ({ path }) =>
          path.startsWith("/now")
            ? { status: 200, headers: { etag: '"a"' }, body: JSON.stringify({ path }) }
            : undefined,
        refuse: () => ({ status: 403 }),
      },
    ],
    isReady: () => false,
    pages: { folder: () => pages, placeholder: "<p>being built</p>" },
    logger: silentLogger,
  });
});
afterAll(() => server.close());

interface Told {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Asks with any header, as `fetch` lets nobody. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, path, ...options }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end(options.body);
  });
}

const postJson = (body: string) => ({ method: "POST", headers: { "content-type": "application/json" }, body });

describe("routes as data", () => {
  test("path and query become what the schema says", async () => {
    const { status, text } = await ask("/api/v1/double/a%2Fb?times=3");
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({ name: "a/b", times: 3 });
  });

  test("a default fills what is not given", async () => {
    expect(JSON.parse((await ask("/api/v1/double/x")).text)).toEqual({ name: "x", times: 2 });
  });

  test.each([
    ["/api/v1/double/x?times=ten", {}],
    ["/api/v1/double/x?times=10", {}],
    ["/api/v1/echo", postJson('{"n": "1"}')],
    ["/api/v1/echo", postJson("null")],
    ["/api/v1/echo", postJson('{"__proto__": {"n": 1}}')],
  ])("%s with wrong values is a problem of status 400 with its remedy", async (path, options) => {
    const { status, headers, text } = await ask(path, options);
    expect(status).toBe(400);
    expect(headers["content-type"]).toContain("application/problem+json");
    expect(JSON.parse(text)).toMatchObject({ status: 400, remedy: expect.stringMatching(/\w/) as string });
  });

  test("integers beyond 2^53 are told as text", async () => {
    expect(JSON.parse((await ask("/api/v1/echo", postJson('{"n": 1}'))).text)).toEqual({
      n: 1,
      wide: "1152921504606846976",
    });
  });

  test("a defect tells nothing of its inside", async () => {
    const { status, text } = await ask("/api/v1/fail");
    expect(status).toBe(500);
    expect(text).not.toMatch(/hunter2|\/etc|\\n/);
    expect(JSON.parse(text)).toMatchObject({ code: "kernel/defect" });
  });

  test("what cannot be read is refused: not JSON, another type, too long", async () => {
    expect((await ask("/api/v1/echo", postJson("{"))).status).toBe(400);
    expect(
      (await ask("/api/v1/echo", { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" })).status,
    ).toBe(400);
    expect((await ask("/api/v1/echo", postJson(`{"n": 1, "x": "${"x".repeat(17 * 2 ** 20)}"}`))).status).toBe(413);
    expect((await ask("/api/v1/nowhere")).status).toBe(404);
  });

  test("the OpenAPI document names each operation and its schemas", async () => {
    const document = JSON.parse((await ask("/api/openapi.json")).text) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string }>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe("3.1.1");
    expect(document.paths["/api/v1/double/{name}"]?.["get"]?.operationId).toBe("double");
    expect(Object.keys(document.components.schemas)).toEqual(["Problem", "Doubled"]);
  });
});

describe("only this machine's own pages", () => {
  test.each([
    { host: "evil.example" },
    { host: "127.0.0.1.evil.example" },
    { host: "localhost", origin: "https://evil.example" },
    { host: "localhost", origin: "null" },
  ])("%o is refused on every address", async (headers) => {
    for (const path of ["/", "/healthz", "/metrics", "/api/v1/events", "/api/v1/double/x", "/nowhere"]) {
      expect((await ask(path, { headers })).status).toBe(403);
    }
  });

  test("off loopback nothing starts", async () => {
    const options = {
      host: "0.0.0.0",
      port: 0,
      title: "",
      version: "",
      routes,
      events: [],
      metrics: createMetrics(),
      isReady: () => true,
      pages: { folder: () => undefined, placeholder: "" },
      logger: silentLogger,
    };
    await expect(startHttpServer(options)).rejects.toMatchObject({ code: "platform/not-loopback" });
    await expect(startHttpServer({ ...options, host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
      code: "platform/port-taken",
    });
  });
});

describe("besides the API", () => {
  test("health, readiness and metrics", async () => {
    expect((await ask("/healthz")).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(503);
    expect((await ask("/metrics")).text).toBe(
      '# HELP asked_total Asked.\n# TYPE asked_total counter\nasked_total{by="a \\"quoted\\"\\nname"} 1\n',
    );
  });

  test("events: the whole first, then what changes, until the caller goes", async () => {
    const gone = new AbortController();
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/events`, { signal: gone.signal });
    const reader = response.body?.getReader();
    let text = "";
    const readUntil = async (part: string) => {
      while (!text.includes(part)) text += new TextDecoder().decode((await reader?.read())?.value);
    };
    await readUntil('event: whole\ndata: {"n":0}');
    for (const send of listeners) send({ event: "change", data: { n: 1 } });
    await readUntil('event: change\ndata: {"n":1}');
    gone.abort();
    await expect.poll(() => listeners.size).toBe(0);
  });

  test("the console's pages once they are built; nothing outside their folder", async () => {
    expect((await ask("/")).text).toContain("being built");
    mkdirSync(join(folder, "dist", "assets"), { recursive: true });
    writeFileSync(join(folder, "dist", "index.html"), "<main></main>");
    writeFileSync(join(folder, "dist", "assets", "a.js"), "1");
    writeFileSync(join(folder, "canary"), "canary");
    pages = join(folder, "dist");
    const page = await ask("/tables/departures");
    expect(page.text).toBe("<main></main>");
    expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
    expect((await ask("/assets/a.js")).headers["cache-control"]).toContain("immutable");
    for (const path of [
      "/assets/../../canary",
      "/assets/%2e%2e/%2e%2e/canary",
      "/assets/..%2f..%2fcanary",
      "/assets//etc/passwd",
    ]) {
      expect((await ask(path)).text).not.toMatch(/canary|root:/);
    }
  });
});

test("what a protocol has at hand is answered as all else is, to this machine's own names alone", async () => {
  const answers = await Promise.all(
    ["/other/now", "/other/later"].map((path) => fetch(`http://127.0.0.1:${server.port}${path}`)),
  );
  const [now, later] = answers.map(({ status, headers }) => {
    const { date: _date, "content-length": _length, ...told } = Object.fromEntries(headers);
    return { status, told };
  });
  expect(now).toEqual(later);
  expect(now?.told).toMatchObject({ etag: '"a"', "cache-control": "no-store", "x-content-type-options": "nosniff" });
  expect(await answers[0]?.json()).toEqual({ path: "/now" });
  expect((await ask("/other/now", { headers: { host: "evil.example" } })).status).toBe(403);
  expect((await ask("/other/now", { headers: { origin: "https://evil.example" } })).status).toBe(403);
});

describe("an answer in bytes", () => {
  const address = (fails: number) => `http://127.0.0.1:${server.port}/api/v1/bytes?fails=${fails}`;

  test("is made no faster than it is read, and no longer than its reader stays", async () => {
    const response = await new Promise<IncomingMessage>((resolve) => request(address(0), resolve).end());
    expect(response.headers).toMatchObject({ "x-own": "1", "x-content-type-options": "nosniff" });
    // Others are answered meanwhile; what is not read fills the buffers on the way, and no more.
    for (let one = 0; one < 300; one += 1) await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text();
    expect(bytes.made).toBeLessThan(100);
    expect(bytes.isEnded).toBe(false);
    response.destroy();
    await expect.poll(() => bytes.isEnded, { timeout: 20_000 }).toBe(true);
  });

  test("that fails before its first part is an error like any other, and later is broken off", async () => {
    const refused = await fetch(address(1));
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "platform/bad-request" }]);
    const broken = await fetch(address(3));
    expect(broken.status).toBe(200);
    await expect(broken.arrayBuffer()).rejects.toThrow();
    expect(bytes.isEnded).toBe(true);
  });
});
