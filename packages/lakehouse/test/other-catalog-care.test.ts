import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { expireSnapshots } from "../src/care/expire.ts";
import { dropTag, tagSnapshot } from "../src/care/references.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import type { CatalogEntry } from "../src/ports.ts";
import { isCommit, OtherCatalog } from "./support/other-catalog.ts";

let other: OtherCatalog;
beforeEach(async () => {
  other = await OtherCatalog.open();
});
afterEach(() => other.close());

const view = (name: string): CatalogEntry => ({
  name,
  kind: "view",
  metadataLocation: null,
  sql: "select 1 as id",
  columns: [{ name: "id", type: "int" }],
  snapshotId: null,
  rowCount: null,
  bytes: null,
  fileCount: null,
  properties: {},
  updatedAtMs: 0,
});

/** The names right in the namespace of the project, as whoever is in the catalog's house sees them. */
const names = async (kind: "table" | "view" = "table") =>
  (await other.world.entries.keysIn("shop\u001f", kind)).map((key) => key.replace("shop\u001f", ""));

describe("a name that becomes something else", () => {
  test("is a table, a view and another table, one after the other, and nothing is left of what it was", async () => {
    const { catalog, version } = await other.client();
    await catalog.swap(await version("it", 1), undefined);
    const table = await catalog.get("it");
    expect(await catalog.swap(view("it"), table?.metadataLocation)).toBe(true);
    expect([await names("table"), await names("view")]).toEqual([[], ["it"]]);
    expect(await catalog.swap(await version("it", 2), null)).toBe(true);
    expect([await names("table"), await names("view")]).toEqual([["it"], []]);
    const now = await catalog.get("it");
    expect(await catalog.swap(await version("it", 3), now?.metadataLocation)).toBe(true);
    expect(await names()).toEqual(["it"]);
    expect((await catalog.get("it"))?.rowCount).toBe(3);
  });

  test("is what it was where the new one is refused, or the old one is another by now", async () => {
    const { catalog, version } = await other.client();
    await catalog.swap(await version("it", 1), undefined);
    const first = await catalog.get("it");
    const anew = await version("it", 3);
    other.once("409", isCommit);
    expect(await catalog.swap(anew, first?.metadataLocation)).toBe(false);
    expect(await names()).toEqual(["it"]);
    expect((await catalog.get("it"))?.rowCount).toBe(1);

    // Another writer commits between the look at the table and its renaming.
    const next = await version("it", 2, first);
    let isLeft = true;
    other.beforeEach = async ({ url = "" }) => {
      if (!isLeft || !url.endsWith("/tables/rename")) return;
      isLeft = false;
      await catalog.swap(next, first?.metadataLocation);
    };
    expect(await catalog.swap(anew, first?.metadataLocation)).toBe(false);
    expect(await names()).toEqual(["it"]);
    expect((await catalog.get("it"))?.rowCount).toBe(2);
  });

  test("of a creation without an answer what was there is kept, and told of", { timeout: 30_000 }, async () => {
    const { catalog, version } = await other.client();
    await catalog.swap(await version("it", 1), undefined);
    const first = await catalog.get("it");
    const anew = await version("it", 3);
    other.once("not done, 503", isCommit);
    await expect(catalog.swap(anew, first?.metadataLocation)).rejects.toMatchObject({
      code: "lakehouse/commit-unknown",
      because: expect.stringMatching(/what had the name before is called it_[0-9a-f]{8} now/) as string,
    });
    const [kept = ""] = await names();
    expect(await names()).toHaveLength(1);
    expect((await catalog.get(kept))?.rowCount).toBe(1);
  });

  test("is what it was where the old one cannot be looked at", async () => {
    const { catalog, version } = await other.client();
    await catalog.swap(await version("it", 1), undefined);
    const first = await catalog.get("it");
    const anew = await version("it", 3);
    other.once("409", ({ method, url = "" }) => method === "GET" && /\/tables\/it_[0-9a-f]{8}/.test(url));
    await expect(catalog.swap(anew, first?.metadataLocation)).rejects.toMatchObject({
      code: "lakehouse/catalog-refused",
    });
    expect(await names()).toEqual(["it"]);
    expect(await catalog.get("it")).toEqual(first);
  });

  test("whose renaming is not answered was renamed, or it is not known", async () => {
    const { catalog, version } = await other.client();
    await catalog.swap(await version("it", 1), undefined);
    const first = await catalog.get("it");
    const isRenaming = ({ url = "" }: { readonly url?: string | undefined }) => url.endsWith("/tables/rename");
    other.once("not done, 503", isRenaming);
    await expect(catalog.swap(view("it"), first?.metadataLocation)).rejects.toMatchObject({
      code: "lakehouse/commit-unknown",
    });
    expect(await names()).toEqual(["it"]);
    other.once("done, then silent", isRenaming);
    expect(await catalog.swap(view("it"), first?.metadataLocation)).toBe(true);
    expect([await names("table"), await names("view")]).toEqual([[], ["it"]]);
  });
});

/** A table of so many snapshots, and the care of it by our engine. */
async function tableOf(snapshots: number) {
  const { catalog, entries, store, version } = await other.client();
  let now: CatalogEntry | undefined;
  for (let count = 1; count <= snapshots; count += 1) {
    await catalog.swap(await version("it", count, now), now?.metadataLocation ?? undefined);
    now = await catalog.get("it");
  }
  const around = { clock: systemClock, ids: systemIds, logger: silentLogger, changed: () => Promise.resolve() };
  const world = { entries, store, ...around };
  return { world, snapshots: async () => (await tableNow(world, identifierNamed("it"))).metadata };
}

test("an expiry that meets a tag which was moved meanwhile is reckoned anew, and takes nothing that the tag has", async () => {
  const { world, snapshots } = await tableOf(3);
  const [first, second] = (await snapshots()).snapshots.map((one) => String(one["snapshot-id"]));
  await tagSnapshot(world, "it", { tag: "audited", version: second });
  let isLeft = true;
  other.beforeEach = async (request) => {
    if (!isLeft || !isCommit(request)) return;
    isLeft = false;
    await dropTag(other.world, "shop.it", "audited");
    await tagSnapshot(other.world, "shop.it", { tag: "audited", version: first });
  };
  // Its files are nowhere: what it would delete is not looked for in a catalog of which nothing was written.
  await expireSnapshots(world, "it", { maxAgeMs: -1, keep: 1, isDryRun: false }).catch(() => undefined);
  expect(isLeft).toBe(false);
  const { refs, snapshots: kept } = await snapshots();
  expect(String(refs["audited"]?.["snapshot-id"])).toBe(first);
  expect(kept.map((one) => String(one["snapshot-id"]))).toEqual([first, expect.any(String)]);
});

test("a table in a namespace of the other catalog that is called main leads to its files, too", async () => {
  const { entries, catalog, version } = await other.client();
  await catalog.swap(await version("it", 1), undefined);
  await catalog.swap(await version("main\u001ftheirs", 1), undefined);
  expect(await other.world.entries.keysIn("main\u001f", "table")).toEqual(["theirs"]);
  expect((await catalog.list()).map(({ name }) => name)).toEqual(["it"]);
  expect(await entries.metadataLocations()).toHaveLength(2);
});
