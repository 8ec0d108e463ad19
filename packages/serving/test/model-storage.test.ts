import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolderModels, placesByUri } from "../src/inference/index.ts";
import { parseModelUri } from "../src/storage/model-uri.ts";
import { resolveModelUri, type ModelStorage } from "../src/storage/resolve-model-uri.ts";

// Where models come from: what a URI may say, and what a server that it leads to may not do.

let folder: string;
let servers: Server[];
let asked: { readonly url: string; readonly etag: string | undefined }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-storage-"));
  [servers, asked] = [[], []];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  rmSync(folder, { recursive: true, force: true });
});

const storage = (more: Partial<ModelStorage> = {}): ModelStorage => ({
  cacheFolder: join(folder, "cache"),
  bytesMax: 1_000,
  ...more,
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? "", etag: request.headers["if-none-match"] });
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const MODEL = "a model's bytes";
const SHA256 = createHash("sha256").update(MODEL).digest("hex");
const resolved = async (uri: string, given = storage()) => (await resolveModelUri(uri, given)).path;
const refusal = (uri: string, given = storage()) =>
  resolveModelUri(uri, given).then(
    ({ path }) => `it is at ${path}`,
    ({ code, because }: { code: string; because: string }) => `${code}: ${because}`,
  );

describe("a model's URI", () => {
  test.each([
    ["mill://models/churn@champion", { kind: "registry", name: "churn", alias: "champion" }],
    ["mill://models/churn/12", { kind: "registry", name: "churn", version: 12 }],
    ["mill://models/churn", { kind: "registry", name: "churn", alias: "champion" }],
    ["models:/churn/1", { kind: "registry", name: "churn", version: 1 }],
    ["models:/churn@staging", { kind: "registry", name: "churn", alias: "staging" }],
    ["file:///srv/a%20model", { kind: "file", path: "/srv/a model" }],
    ["/srv/model", { kind: "file", path: "/srv/model" }],
  ])("%s is read", (uri, expected) => expect(parseModelUri(uri)).toEqual(expected));

  test.each([
    "s3://bucket/model",
    "mill://tables/churn",
    "models:/churn/latest/2",
    "models:/",
    "models:/../../etc/1",
    "file://elsewhere/model",
    "file:///a%00b",
    "file:///%zz",
    "http://user:secret@host/model",
    "https://user:secret@host:99999/model",
    "https://user:se/secret@host/model",
    "s3://key:secret@bucket/model",
    "ftp://host/model?token=secret",
    "file://user:secret@elsewhere/model",
    "https://host/model#sha256=abc",
    "model",
    "",
  ])("%j is refused, with no secret told", (uri) => {
    expect(() => parseModelUri(uri)).toThrow(expect.objectContaining({ code: "inference/model-uri" }) as Error);
    expect(() => parseModelUri(uri)).not.toThrow(/secret/);
  });
});

describe("a model that is stored", () => {
  test("as a file lies where it says; where there is nothing, that is said", async () => {
    writeFileSync(join(folder, "model.onnx"), MODEL);
    expect(await resolved(`file://${folder}/model.onnx`)).toBe(join(folder, "model.onnx"));
    expect(await refusal(`file://${folder}/other`)).toMatch(/inference\/model-uri: .*there is nothing/);
  });

  test("in a registry is found there by alias and by version; without a project that is said", async () => {
    const registry: ModelStorage["registry"] = {
      find: async ({ name, version, alias }) => ({ path: folder, version: `${name} ${version ?? alias}` }),
    };
    expect(await resolveModelUri("models:/churn/3", storage({ registry }))).toEqual({
      path: folder,
      version: "churn 3",
    });
    expect(await resolveModelUri("mill://models/churn@best", storage({ registry }))).toMatchObject({
      version: "churn best",
    });
    expect(await refusal("models:/churn/3")).toMatch(/there is no project/);
  });

  test("at an address is fetched once where its checksum is told", async () => {
    const origin = await listen((_, response) => response.end(MODEL));
    const uri = `${origin}/of/churn.onnx#sha256=${SHA256.toUpperCase()}`;
    const path = await resolved(uri);
    expect([path.endsWith("/churn.onnx"), readFileSync(path, "utf8")]).toEqual([true, MODEL]);
    expect(await resolved(uri)).toBe(path);
    expect(asked).toHaveLength(1);
    writeFileSync(path, "changed since");
    expect(readFileSync(await resolved(uri), "utf8")).toBe(MODEL);
    expect(await refusal(`${origin}/of/churn.onnx#sha256=${"0".repeat(64)}`)).toMatch(/its bytes have the SHA-256/);
    expect(readFileSync(path, "utf8")).toBe(MODEL);
  });

  test("at an address is asked for anew where no checksum is told, and fetched where it is another", async () => {
    let [etag, body] = ['"one"', MODEL];
    const origin = await listen((request, response) => {
      const isKnown = request.headers["if-none-match"] === etag;
      response.writeHead(isKnown ? 304 : 200, { etag });
      response.end(isKnown ? "" : body);
    });
    const path = await resolved(`${origin}/m.onnx?signature=1`);
    expect(await resolved(`${origin}/m.onnx?signature=1`)).toBe(path);
    expect(asked.map((one) => one.etag)).toEqual([undefined, '"one"']);
    [etag, body] = ['"two"', "another"];
    expect(readFileSync(await resolved(`${origin}/m.onnx?signature=1`), "utf8")).toBe("another");
    writeFileSync(path, "damaged");
    expect(readFileSync(await resolved(`${origin}/m.onnx?signature=1`), "utf8")).toBe("another");
  });

  test("is refused where it is too large, told or not, missing, or cut off; nothing of it stays", async () => {
    const origin = await listen((request, response) => {
      if (request.url === "/told") response.writeHead(200, { "content-length": 2_000 });
      if (request.url === "/cut") response.writeHead(200, { "content-length": 500 });
      if (request.url?.startsWith("/missing") === true) response.writeHead(404);
      if (request.url === "/cut") response.write("a part", () => response.destroy());
      else response.end("x".repeat(2_000));
    });
    for (const path of ["/told", "/untold"])
      expect(await refusal(`${origin}${path}`)).toMatch(/larger than 1000 bytes/);
    expect(await refusal(`${origin}/missing?key=secret`)).toMatch(/missing": its server answers 404$/);
    expect(await refusal(`${origin}/cut`)).toMatch(/cannot be fetched/);
    expect(await refusal("http://127.0.0.1:1/m")).toMatch(/cannot be fetched/);
  });

  test("is followed where it is redirected on its host, and not without end", async () => {
    const origin = await listen((request, response) => {
      const [, hops = ""] = /^\/(\d+)$/.exec(request.url ?? "") ?? [];
      if (hops === "0") return response.end(MODEL);
      return response.writeHead(302, { location: `/${Number(hops) - 1}` }).end();
    });
    expect(readFileSync(await resolved(`${origin}/5`), "utf8")).toBe(MODEL);
    expect(await refusal(`${origin}/6`)).toMatch(/redirects more than 5 times/);
  });

  test.each(["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.7", "169.254.169.254"])(
    "is not followed into this machine or its network: %s",
    async (host) => {
      const inner = await listen((_, response) => response.end("inner"));
      const port = new URL(inner).port;
      const origin = await listen((_, response) => {
        response.writeHead(302, { location: `http://${host}:${port}/secrets` }).end();
      });
      expect(await refusal(`${origin}/m`)).toMatch(/a redirect leads into this machine or its network/);
      expect(asked.map(({ url }) => url)).toEqual(["/m"]);
    },
  );

  test("is not followed there by a connection that another address has left open", async () => {
    const inner = await listen((_, response) => response.end(MODEL));
    const known = inner.replace("127.0.0.1", "localhost");
    expect(await resolved(`${known}/model`)).toMatch(/model$/);
    const origin = await listen((_, response) => {
      response.writeHead(302, { location: `${known}/secrets` }).end();
    });
    expect(await refusal(`${origin}/m`)).toMatch(/a redirect leads into this machine or its network/);
    expect(asked.map(({ url }) => url)).toEqual(["/model", "/m"]);
  });

  test("is not followed to what is no HTTP", async () => {
    const origin = await listen((_, response) => {
      response.writeHead(302, { location: "file:///etc/passwd" }).end();
    });
    expect(await refusal(`${origin}/m`)).toMatch(/no address of HTTP/);
  });
});

test("models by their URIs are served by their names, whichever way each lies", async () => {
  mkdirSync(join(folder, "laid", "2"), { recursive: true });
  mkdirSync(join(folder, "flat"));
  writeFileSync(join(folder, "laid", "2", "model.onnx"), "");
  writeFileSync(join(folder, "flat", "model.txt"), "");
  writeFileSync(join(folder, "churn.onnx"), "");
  const uris = new Map([
    ["laid", `file://${folder}/laid`],
    ["flat", `file://${folder}/flat`],
    ["file", `file://${folder}/churn.onnx`],
    ["seventh", "models:/seventh/7"],
    ["none", `file://${folder}/none`],
  ]);
  const registry = { find: async () => ({ path: join(folder, "flat"), version: "7" }) };
  const files: string[] = [];
  const models = await openFolderModels({
    elsewhere: placesByUri(uris, storage({ registry })),
    openModel: async (file) => {
      files.push(file.slice(folder.length + 1));
      return { platform: "", backend: "", inputs: [], outputs: [], infer: async () => [], close: async () => {} };
    },
    clock: systemClock,
    logger: silentLogger,
  });
  expect((await models.index()).map(({ name, version, state }) => `${name} ${version} ${state}`)).toEqual([
    "file 1 READY",
    "flat 1 READY",
    "laid 2 READY",
    "none  UNAVAILABLE",
    "seventh 7 READY",
  ]);
  expect(files).toEqual(["churn.onnx", "flat/model.txt", "laid/2/model.onnx", "flat/model.txt"]);
});
