import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabaseFileChecksums } from "../src/adapters/database-file-checksums.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { openRestEntries } from "../src/external/rest-entries.ts";
import type { RestCatalog } from "../src/external/rest-catalog.ts";
import { createRestNames } from "../src/external/rest-names.ts";
import { isCommit, OtherCatalog } from "./support/other-catalog.ts";

let other: OtherCatalog;
beforeEach(async () => {
  other = await OtherCatalog.open();
});
afterEach(() => other.close());

describe("a commit whose outcome the catalog does not tell", () => {
  test.each(["done, then 503", "done, then silent"] as const)(
    "%s: its snapshot is found, and it stands",
    async (fate) => {
      const { catalog, version, store } = await other.client();
      other.once(fate, isCommit);
      const entry = await version("orders", 1);
      expect(await catalog.swap(entry, undefined)).toBe(true);
      const now = await catalog.get("orders");
      expect(now?.rowCount).toBe(1);
      other.once(fate, isCommit);
      expect(await catalog.swap(await version("orders", 2, now), now?.metadataLocation)).toBe(true);
      expect((await catalog.get("orders"))?.rowCount).toBe(2);
      expect(other.asked.filter((one) => one.endsWith("/tables/orders") && one.startsWith("POST"))).toHaveLength(2);
      // The catalog has its own metadata file, ours is gone.
      expect(await store.exists(store.pathOf(entry.metadataLocation ?? ""))).toBe(false);
    },
  );

  test("not done: it is looked for, never sent again, and nothing is deleted", { timeout: 30_000 }, async () => {
    const { catalog, version, store } = await other.client();
    await catalog.swap(await version("orders", 1), undefined);
    const now = await catalog.get("orders");
    const next = await version("orders", 2, now);
    other.once("not done, 503", isCommit);
    await expect(catalog.swap(next, now?.metadataLocation)).rejects.toMatchObject({
      code: "lakehouse/commit-unknown",
      because: expect.stringContaining("orders") as string,
    });
    expect(await catalog.get("orders")).toEqual(now);
    expect(await store.exists(store.pathOf(next.metadataLocation ?? ""))).toBe(true);
  });
});

test("409 is a lost race", async () => {
  const { catalog, version } = await other.client();
  await catalog.swap(await version("orders", 1), undefined);
  const now = await catalog.get("orders");
  other.once("409", isCommit);
  expect(await catalog.swap(await version("orders", 2, now), now?.metadataLocation)).toBe(false);
  expect(await catalog.swap(await version("orders", 2, now), now?.metadataLocation)).toBe(true);
});

test("what only reads is asked again after a 503", async () => {
  const { catalog, version } = await other.client();
  await catalog.swap(await version("orders", 1), undefined);
  other.once("not done, 503", ({ method }) => method === "GET");
  expect((await catalog.get("orders"))?.rowCount).toBe(1);
});

test("a token is renewed before it ends, and when it is refused; a wrong secret is named without being told", async () => {
  const { catalog, version } = await other.client();
  await catalog.swap(await version("orders", 1), undefined);
  const grants = () => other.asked.filter((one) => one.endsWith("/oauth/tokens")).length;
  expect(grants()).toBe(1);
  other.nowMs += 3_000_000;
  await catalog.get("orders");
  expect(grants()).toBe(2);
  other.once("401", ({ method }) => method === "GET");
  expect((await catalog.get("orders"))?.rowCount).toBe(1);
  expect(grants()).toBe(3);
  const refusal = await other.client({}, "wrong-horse").catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "lakehouse/catalog-not-authorized", exit: 4 });
  expect(JSON.stringify(refusal) + String(refusal)).not.toContain("horse");
});

test("the prefix of the configuration is asked, and lists come page by page, nested namespaces within", async () => {
  [other.prefix, other.pageSize] = ["a%2Fb", "2"];
  const { catalog, entries, version } = await other.client();
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
    other.asked.every((one) => one.endsWith("/config") || one.endsWith("/oauth/tokens") || one.includes("/v1/a%2Fb/")),
  ).toBe(true);
  const { catalog: narrow } = await other.client({ namespaces: [] });
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
  const store = openLocalObjectStore({ root: other.folder });
  const entries = openRestEntries({ rest, store, checksums: openDatabaseFileChecksums({ database: other.own }) });
  expect(await entries.metadataLocations()).toEqual(["of-after"]);
});

test.each([
  ["http://catalog.example.org", "would be asked by http"],
  ["https://user:horse@catalog.example.org", "a user or a password"],
  ["ftp://catalog.example.org", "none of https"],
])("%s is refused before anything is sent", async (address, because) => {
  const told = {
    url: address,
    allowsHttp: false,
    timeoutMs: 100,
    clock: other.clock,
    client: { id: "mill", secret: "horse" },
  };
  const refusal = await other.client({ address: told }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: "lakehouse/insecure-catalog",
    because: expect.stringContaining(because) as string,
  });
  expect(String(refusal)).not.toContain("horse");
});
