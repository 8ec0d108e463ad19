import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate, type Database, type Protocol } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabaseFileChecksums } from "../src/adapters/database-file-checksums.ts";
import { openDatabaseIcebergEntries } from "../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../src/adapters/database-table-catalog.ts";
import { openIcebergRestCatalog, type IcebergRestOptions } from "../src/adapters/iceberg-rest-catalog.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { openRestEntries } from "../src/external/rest-entries.ts";
import type { RestCatalog } from "../src/external/rest-catalog.ts";
import { createRestNames } from "../src/external/rest-names.ts";
import { icebergProtocol } from "../src/iceberg-http.ts";
import { checkedStore, lakehouseMigrations } from "../src/index.ts";
import { createTableVersions } from "../src/testing.ts";

// Another catalog as it may be: with a prefix and pages, tokens that end, answers that are lost.

/** What happens to a request: it is answered, or done and not answered, or neither. */
type Fate = "answered" | "done, then 503" | "done, then silent" | "not done, 503" | "409" | "401";

let folder: string;
let database: Database;
let own: Database;
let server: Server;
let url: string;
let protocol: Protocol;
let asked: string[];
let fateOf: (request: IncomingMessage) => Fate;
let prefix: string | undefined;
let pageSize: string | undefined;
let nowMs: number;
const clients = [{ id: "mill", secret: "horse" }];
const clock = { ...systemClock, nowMs: () => nowMs };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mill-elsewhere-"));
  database = openSqliteDatabase({ path: join(folder, "other.db") });
  own = openSqliteDatabase({ path: join(folder, "own.db") });
  for (const one of [database, own]) await migrate(one, [lakehouseMigrations], 0);
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const store = checkedStore(openLocalObjectStore({ root: join(folder, "warehouse") }), catalog);
  const entries = openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" });
  const world = { entries, store, clock: systemClock, ids: systemIds, logger: silentLogger, changed: async () => {} };
  protocol = icebergProtocol({
    name: "other",
    logger: silentLogger,
    clock,
    clients: () => clients,
    world: async () => world,
  });
  [asked, prefix, pageSize, nowMs] = [[], undefined, undefined, Date.now()];
  fateOf = () => "answered";
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  for (const one of [database, own]) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const address = new URL(request.url ?? "", url);
  asked.push(`${request.method} ${address.pathname}`);
  const fate = fateOf(request);
  if (fate === "not done, 503" || fate === "409" || fate === "401")
    return void response.writeHead(fate === "409" ? 409 : fate === "401" ? 401 : 503).end("{}");
  if (pageSize !== undefined && address.searchParams.has("pageSize")) address.searchParams.set("pageSize", pageSize);
  const reply = await protocol
    .answer({
      method: request.method ?? "",
      path: address.pathname.replace("/some/where", "").replace(prefix === undefined ? "" : `/${prefix}`, ""),
      query: address.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks),
    })
    .catch((error: unknown) => protocol.refuse(error));
  if (fate === "done, then silent") return void response.destroy();
  if (fate === "done, then 503") return void response.writeHead(503).end("{}");
  const isConfig = address.pathname.endsWith("/config");
  const config = { ...(JSON.parse(isConfig ? String(reply.body) : "{}") as object), overrides: { prefix } };
  response.writeHead(reply.status, reply.headers).end(isConfig ? JSON.stringify(config) : reply.body);
}

async function open(change: Partial<IcebergRestOptions> = {}, secret = "horse") {
  const store = openLocalObjectStore({ root: join(folder, "own"), further: [join(folder, "warehouse")] });
  const opened = await openIcebergRestCatalog({
    address: { url, allowsHttp: false, timeoutMs: 5_000, clock, client: { id: "mill", secret } },
    namespace: ["shop"],
    store,
    checksums: openDatabaseFileChecksums({ database: own }),
    clock,
    ...change,
  });
  return { ...opened, store, version: createTableVersions({ store, catalog: opened.catalog }) };
}

const isCommit = ({ method, url: address = "" }: IncomingMessage) =>
  method === "POST" && /\/tables\/[^/]+$/.test(address);

/** Fails as told the first time alone. */
function once(fate: Fate, when: (request: IncomingMessage) => boolean): void {
  let isLeft = true;
  fateOf = (request) => {
    if (!isLeft || !when(request)) return "answered";
    isLeft = false;
    return fate;
  };
}

describe("a commit whose outcome the catalog does not tell", () => {
  test.each(["done, then 503", "done, then silent"] as const)(
    "%s: its snapshot is found, and it stands",
    async (fate) => {
      const { catalog, version, store } = await open();
      once(fate, isCommit);
      const entry = await version("orders", 1);
      expect(await catalog.swap(entry, undefined)).toBe(true);
      const now = await catalog.get("orders");
      expect(now?.rowCount).toBe(1);
      once(fate, isCommit);
      expect(await catalog.swap(await version("orders", 2, now), now?.metadataLocation)).toBe(true);
      expect((await catalog.get("orders"))?.rowCount).toBe(2);
      expect(asked.filter((one) => one.endsWith("/tables/orders") && one.startsWith("POST"))).toHaveLength(2);
      // The catalog has its own metadata file, ours is gone.
      expect(await store.exists(store.pathOf(entry.metadataLocation ?? ""))).toBe(false);
    },
  );

  test("not done: it is looked for, never sent again, and nothing is deleted", { timeout: 30_000 }, async () => {
    const { catalog, version, store } = await open();
    await catalog.swap(await version("orders", 1), undefined);
    const now = await catalog.get("orders");
    const next = await version("orders", 2, now);
    once("not done, 503", isCommit);
    await expect(catalog.swap(next, now?.metadataLocation)).rejects.toMatchObject({
      code: "lakehouse/commit-unknown",
      because: expect.stringContaining("orders") as string,
    });
    expect(await catalog.get("orders")).toEqual(now);
    expect(await store.exists(store.pathOf(next.metadataLocation ?? ""))).toBe(true);
  });
});

test("409 is a lost race", async () => {
  const { catalog, version } = await open();
  await catalog.swap(await version("orders", 1), undefined);
  const now = await catalog.get("orders");
  once("409", isCommit);
  expect(await catalog.swap(await version("orders", 2, now), now?.metadataLocation)).toBe(false);
  expect(await catalog.swap(await version("orders", 2, now), now?.metadataLocation)).toBe(true);
});

test("what only reads is asked again after a 503", async () => {
  const { catalog, version } = await open();
  await catalog.swap(await version("orders", 1), undefined);
  once("not done, 503", ({ method }) => method === "GET");
  expect((await catalog.get("orders"))?.rowCount).toBe(1);
});

test("a token is renewed before it ends, and when it is refused; a wrong secret is named without being told", async () => {
  const { catalog, version } = await open();
  await catalog.swap(await version("orders", 1), undefined);
  const grants = () => asked.filter((one) => one.endsWith("/oauth/tokens")).length;
  expect(grants()).toBe(1);
  nowMs += 3_000_000;
  await catalog.get("orders");
  expect(grants()).toBe(2);
  once("401", ({ method }) => method === "GET");
  expect((await catalog.get("orders"))?.rowCount).toBe(1);
  expect(grants()).toBe(3);
  const refusal = await open({}, "wrong-horse").catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "lakehouse/catalog-not-authorized", exit: 4 });
  expect(JSON.stringify(refusal) + String(refusal)).not.toContain("horse");
});

test("the prefix of the configuration is asked, and lists come page by page, nested namespaces within", async () => {
  [prefix, pageSize] = ["a%2Fb", "2"];
  const { catalog, entries, version } = await open();
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) await catalog.swap(await version(name, 1), undefined);
  const key = "lab\u001fdaily\u001forders";
  await entries.createNamespace("lab\u001fdaily\u001f", { owner: "lab" });
  await catalog.swap(await version(key, 7), undefined);
  expect((await catalog.list()).map(({ name, rowCount }) => [name, rowCount])).toEqual([
    ...names.map((name) => [name, 1]),
    [key, 7],
  ]);
  expect(
    asked.every((one) => one.endsWith("/config") || one.endsWith("/oauth/tokens") || one.includes("/v1/a%2Fb/")),
  ).toBe(true);
  const { catalog: narrow } = await open({ namespaces: [] });
  expect((await narrow.list()).map(({ name }) => name)).toEqual(names);
  expect(await entries.namespace("lab\u001fdaily\u001f")).toEqual({ owner: "lab" });
  expect(await entries.setProperties("lab\u001fdaily\u001f", { of: "us" })).toBe(true);
  expect(await entries.namespace("lab\u001fdaily\u001f")).toEqual({ of: "us" });
  expect(await entries.dropNamespace("lab\u001fdaily\u001f")).toBe("not-empty");
  expect(await entries.rename(key, "f")).toBe(true);
  expect(await entries.dropNamespace("lab\u001fdaily\u001f")).toBe("dropped");
  expect(await entries.keysIn("main\u001f", "table")).toEqual([...names, "f"]);
});

test("a table that is renamed while all are asked for is found; of namespaces in one level no others are", async () => {
  let name = "before";
  const rest = {
    names: createRestNames(["shop"]),
    hasViews: false,
    // Whichever namespace it is asked to look below.
    session: { list: async (path: string) => (path === "namespaces" ? [["shop"]] : [{ namespace: ["shop"], name }]) },
    loadTable: async (key: string) => {
      name = "after";
      return key === "after" ? { metadataLocation: "of-after" } : undefined;
    },
  } as unknown as RestCatalog;
  const store = openLocalObjectStore({ root: folder });
  const entries = openRestEntries({ rest, store, checksums: openDatabaseFileChecksums({ database }) });
  expect(await entries.metadataLocations()).toEqual(["of-after"]);
});

test.each([
  ["http://catalog.example.org", "would be asked by http"],
  ["https://user:horse@catalog.example.org", "a user or a password"],
  ["ftp://catalog.example.org", "none of https"],
])("%s is refused before anything is sent", async (other, because) => {
  const address = { url: other, allowsHttp: false, timeoutMs: 100, clock, client: { id: "mill", secret: "horse" } };
  const refusal = await open({ address }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: "lakehouse/insecure-catalog",
    because: expect.stringContaining(because) as string,
  });
  expect(String(refusal)).not.toContain("horse");
});
