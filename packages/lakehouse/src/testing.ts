import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Branches, CatalogEntry, ObjectStore, StoredFile, TableCatalog } from "./ports.ts";

export { createTableVersions } from "./testing/table-versions.ts";
export { sqlEngineSuite, type SqlEngineFixture } from "./sql-engine/testing.ts";

/** Opens one and the same catalog or store, each time as another process would. */
export interface Fixture<Port> {
  open(): Promise<Port>;
}

function entry(name: string, change: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    name,
    kind: "table",
    metadataLocation: `/lake/${name}/00001.metadata.json`,
    sql: null,
    columns: [
      { name: "id", type: "long" },
      { name: 'odd "name"', type: "string", doc: "ä 😀" },
    ],
    snapshotId: "9007199254740991",
    rowCount: Number.MAX_SAFE_INTEGER,
    bytes: 2 ** 40,
    fileCount: 3,
    properties: { a: "1" },
    updatedAtMs: 1_764_201_600_000,
    ...change,
  };
}

/** A catalog under the suite. */
export interface TableCatalogFixture extends Fixture<TableCatalog> {
  /**
   * A version of a table, upon the entry that it is to follow, for a catalog that writes metadata of its own: with what a
   * commit writes for it. The version is its number of rows.
   */
  readonly table?: (name: string, version: number, base?: CatalogEntry) => Promise<CatalogEntry>;
}

/** What every catalog of tables does: a commit is a compare-and-swap, whoever else commits. */
export function tableCatalogSuite(name: string, fixture: TableCatalogFixture): void {
  const { table = nowhere } = fixture;
  const isOwn = fixture.table === undefined;
  /** The entry as it is read again: where a catalog writes its own metadata, that lies elsewhere. */
  const asRead = (put: CatalogEntry): unknown =>
    isOwn
      ? put
      : {
          ...put,
          updatedAtMs: expect.any(Number) as number,
          metadataLocation: put.kind === "view" ? null : (expect.any(String) as string),
        };
  const view = (of: string) =>
    entry(of, {
      kind: "view",
      metadataLocation: null,
      sql: "select 1",
      snapshotId: null,
      rowCount: null,
      bytes: null,
      fileCount: null,
    });

  describe(`TableCatalog on ${name}`, () => {
    let catalog: TableCatalog;
    beforeAll(async () => {
      catalog = await fixture.open();
    });
    afterAll(() => catalog.close());
    const locationOf = async (of: string) => (await catalog.get(of))?.metadataLocation ?? "";

    test("an entry is read back as it was put, by another process too", async () => {
      const kept = await table("kept", isOwn ? Number.MAX_SAFE_INTEGER : 2 ** 49);
      const keptView = view("kept_view");
      for (const one of [kept, keptView]) expect(await catalog.swap(one, undefined)).toBe(true);
      const other = await fixture.open();
      for (const from of [catalog, other]) {
        expect(await from.get("kept")).toEqual(asRead(kept));
        expect(await from.get("kept_view")).toEqual(asRead(keptView));
        expect(await from.get("never")).toBeUndefined();
      }
      await other.close();
    });

    test("entries are listed by the bytes of their names", async () => {
      for (const one of ["Zebra", "_x", "zebra", "z_a", "za"])
        await catalog.swap(await table(`order_${one}`, 1), undefined);
      const names = (await catalog.list()).map((found) => found.name).filter((found) => found.startsWith("order_"));
      expect(names).toEqual(["order_Zebra", "order__x", "order_z_a", "order_za", "order_zebra"]);
    });

    test("an entry is found by its own name in any case, in its namespace too", async () => {
      const nested = "sales\u001fOrders";
      for (const key of ["Orders", "orders_old", nested]) await catalog.swap(await table(key, 1), undefined);
      const found = await catalog.named(new Set(["orders", "others"]));
      expect(found.map(({ name: key }) => key).toSorted()).toEqual(["Orders", nested].toSorted());
      expect(await catalog.named(new Set())).toEqual([]);
    });

    test("a new name is taken once", async () => {
      expect(await catalog.swap(await table("once", 1), undefined)).toBe(true);
      expect(await catalog.swap(await table("once", 2), undefined)).toBe(false);
      expect((await catalog.get("once"))?.rowCount).toBe(1);
    });

    test("a swap from a state that is no more changes nothing, nor does one of a name that is gone", async () => {
      const first = await table("swapped", 1);
      await catalog.swap(first, undefined);
      const [now, location] = [await catalog.get("swapped"), await locationOf("swapped")];
      const second = () => table("swapped", 2, now);
      expect(await catalog.swap(await second(), "/0")).toBe(false);
      expect(await catalog.swap(await second(), null)).toBe(false);
      expect(await catalog.get("swapped")).toEqual(asRead(first));
      expect(await catalog.swap(await second(), location)).toBe(true);
      const [then, after] = [await catalog.get("swapped"), await locationOf("swapped")];
      expect(then?.rowCount).toBe(2);
      const third = await table("swapped", 3, then);
      await catalog.remove("swapped");
      expect(await catalog.swap(third, after)).toBe(false);
      expect(await catalog.get("swapped")).toBeUndefined();
    });

    test("what was written is known with the swap that it was for, and not with one that lost", async () => {
      const [kept, lost] = ["kept/1.parquet", "lost/1.parquet"].map((path) => ({
        path,
        bytes: 2 ** 40,
        sha256: "ab".repeat(32),
      })) as [StoredFile, StoredFile];
      expect(await catalog.swap(await table("with_files", 1), undefined, [kept])).toBe(true);
      expect(await catalog.swap(await table("with_files", 2), undefined, [lost])).toBe(false);
      const other = await fixture.open();
      expect(await other.file(kept.path)).toEqual(kept);
      expect(await other.file(lost.path)).toBeUndefined();
      expect((await other.files()).map(({ path }) => path)).toContain(kept.path);
      await other.close();
    });

    test("a view becomes another, and a table by a swap from null; a table becomes a view", async () => {
      await catalog.swap(view("becomes"), undefined);
      expect(await catalog.swap({ ...view("becomes"), sql: "select 2" }, null)).toBe(true);
      expect((await catalog.get("becomes"))?.sql).toBe("select 2");
      expect(await catalog.swap(await table("becomes", 1), null)).toBe(true);
      expect((await catalog.get("becomes"))?.kind).toBe("table");
      expect(await catalog.swap(view("becomes"), await locationOf("becomes"))).toBe(true);
      expect((await catalog.get("becomes"))?.kind).toBe("view");
    });

    test("of writers in several processes who count upwards by compare-and-swap, none loses a step", async () => {
      const [writersCount, steps] = isOwn ? [4, 10] : [3, 4];
      await catalog.swap(await table("counted", 1), undefined);
      const writers = await Promise.all(Array.from({ length: writersCount }, () => fixture.open()));
      const count = async (writer: TableCatalog): Promise<void> => {
        for (let done = 0; done < steps;) {
          const now = await writer.get("counted");
          const next = await table("counted", (now?.rowCount ?? 0) + 1, now);
          if (await writer.swap(next, now?.metadataLocation)) done += 1;
        }
      };
      await Promise.all(writers.map(count));
      expect((await catalog.get("counted"))?.rowCount).toBe(1 + writersCount * steps);
      await Promise.all(writers.map((writer) => writer.close()));
    });
  });
}

/** A version of a table whose metadata is nowhere. */
function nowhere(name: string, version: number): Promise<CatalogEntry> {
  return Promise.resolve(entry(name, { metadataLocation: `/${name}/${version}`, rowCount: version }));
}

/** Branches, and the catalog that each of them and `main` has, as other processes would open them. */
export interface BranchesFixture {
  open(
    branch: string,
  ): Promise<{ readonly branches: Branches; readonly catalog: TableCatalog; close(): Promise<void> }>;
}

/** What branches do, wherever they are kept. */
export function branchesSuite(name: string, fixture: BranchesFixture): void {
  describe(`Branches on ${name}`, () => {
    let main: Awaited<ReturnType<BranchesFixture["open"]>>;
    beforeAll(async () => {
      main = await fixture.open("main");
    });
    afterAll(() => main.close());

    /** A branch of its own for one test, over main's tables `NAME_one` and `NAME_two`. */
    const branchOff = async (branch: string) => {
      const [one, two] = [`${branch}_one`, `${branch}_two`];
      for (const table of [one, two])
        await main.catalog.swap(entry(table, { metadataLocation: `/${table}/1` }), undefined);
      await main.branches.create(branch);
      const opened = await fixture.open(branch);
      const write = (from: TableCatalog, table: string, location: string, expected: string | undefined) =>
        from.swap(entry(table, { metadataLocation: location, rowCount: 7 }), expected);
      const locations = async (from: TableCatalog) =>
        Object.fromEntries(
          (await from.list())
            .filter((found) => found.name.startsWith(`${branch}_`))
            .map((found) => [found.name.slice(branch.length + 1), found.metadataLocation]),
        );
      return { one, two, write, locations, catalog: opened.catalog, close: () => opened.close() };
    };

    test("begins as main is; what either writes the other does not see", async () => {
      const { one, catalog, write, locations, close } = await branchOff("apart");
      expect(await write(catalog, one, "/b/2", `/${one}/1`)).toBe(true);
      expect(await write(catalog, "apart_new", "/b/n", undefined)).toBe(true);
      expect(await write(main.catalog, "apart_two", "/m/2", "/apart_two/1")).toBe(true);
      expect(await locations(catalog)).toEqual({ one: "/b/2", new: "/b/n", two: "/apart_two/1" });
      expect(await locations(main.catalog)).toEqual({ one: "/apart_one/1", two: "/m/2" });
      await close();
    });

    test("is published whole: what it changed, added and dropped, and nothing else", async () => {
      const { one, two, catalog, write, locations, close } = await branchOff("whole");
      await write(catalog, one, "/b/2", `/${one}/1`);
      await write(catalog, "whole_new", "/b/n", undefined);
      await catalog.remove(two);
      expect(await catalog.get(two)).toBeUndefined();
      const told = { rowsBefore: Number.MAX_SAFE_INTEGER, rowsAfter: 7, isConflict: false };
      const expected = [
        { ...told, name: "whole_new", kind: "added", rowsBefore: null },
        { ...told, name: one, kind: "changed" },
        { ...told, name: two, kind: "removed", rowsAfter: expect.anything() as number },
      ];
      expect(await main.branches.changes("whole")).toEqual(expected);
      expect(await main.branches.publish("whole", "audited")).toEqual(expected);
      expect(await main.branches.publications({ limit: 1 })).toMatchObject([
        { branch: "whole", reason: "audited", changes: expected, publishedAtMs: expect.any(Number) as number },
      ]);
      expect(await locations(main.catalog)).toEqual({ one: "/b/2", new: "/b/n" });
      expect(await main.branches.changes("whole")).toEqual([]);
      // Goes on from what is now main.
      await write(catalog, one, "/b/3", "/b/2");
      await main.branches.publish("whole", "");
      expect((await main.catalog.get(one))?.metadataLocation).toBe("/b/3");
      await close();
    });

    test("a table that main has changed too is named, and nothing is published", async () => {
      const { one, two, catalog, write, locations, close } = await branchOff("clash");
      await write(catalog, one, "/b/2", `/${one}/1`);
      await write(catalog, two, "/b/2", `/${two}/1`);
      await write(catalog, "clash_new", "/b/n", undefined);
      await write(main.catalog, two, "/m/2", `/${two}/1`);
      await write(main.catalog, "clash_new", "/m/n", undefined);
      const before = await locations(main.catalog);
      await expect(main.branches.publish("clash", "")).rejects.toMatchObject({
        code: "lakehouse/branch-conflict",
        because: expect.stringContaining("clash_new, clash_two") as string,
      });
      expect(await locations(main.catalog)).toEqual(before);
      expect((await main.branches.changes("clash")).map(({ isConflict }) => isConflict)).toEqual([true, false, true]);
      await close();
    });

    test("of two branches that changed one table, the second to be published is refused", async () => {
      const { one, catalog, write, close } = await branchOff("first");
      await main.branches.create("second");
      const other = await fixture.open("second");
      await write(catalog, one, "/b/2", `/${one}/1`);
      await write(other.catalog, one, "/c/2", `/${one}/1`);
      const outcomes = await Promise.allSettled([
        main.branches.publish("first", ""),
        other.branches.publish("second", ""),
      ]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      await Promise.all([close(), other.close()]);
    });

    test("a dropped table comes back on the branch that dropped it", async () => {
      const { one, catalog, write, close } = await branchOff("again");
      await catalog.remove(one);
      expect(await write(catalog, one, "/b/2", undefined)).toBe(true);
      expect((await main.branches.changes("again")).map(({ kind }) => kind)).toEqual(["changed"]);
      await close();
    });

    test("a name is taken once; main is none; what is dropped is gone, with all that was on it", async () => {
      const { one, catalog, write, close } = await branchOff("gone");
      await write(catalog, one, "/b/2", `/${one}/1`);
      for (const name of ["gone", "main"])
        await expect(main.branches.create(name)).rejects.toMatchObject({ code: "lakehouse/branch-exists" });
      await main.branches.drop("gone");
      expect((await main.branches.list()).map((branch) => branch.name)).not.toContain("gone");
      for (const verb of ["changes", "publish", "drop"] as const)
        await expect(main.branches[verb]("gone", "")).rejects.toMatchObject({ code: "lakehouse/unknown-branch" });
      await main.branches.create("gone");
      expect((await catalog.get(one))?.metadataLocation).toBe(`/${one}/1`);
      await close();
    });
  });
}

/** What every object store does. */
export function objectStoreSuite(name: string, fixture: Fixture<ObjectStore>): void {
  describe(`ObjectStore on ${name}`, () => {
    let store: ObjectStore;
    const bytes = (text: string) => new TextEncoder().encode(text);
    const text = async (location: string, from: ObjectStore = store) =>
      new TextDecoder().decode(await from.read(location));
    beforeAll(async () => {
      store = await fixture.open();
    });
    afterAll(() => store.close());

    test("what was written is read by its path and by where it lies, by another process too", async () => {
      await store.write("a/b/c.json", bytes("whole"));
      const other = await fixture.open();
      for (const from of [store, other]) {
        expect(await text("a/b/c.json", from)).toBe("whole");
        expect(await text(from.locate("a/b/c.json"), from)).toBe("whole");
      }
      await other.close();
    });

    test("a write takes the place of the one before it", async () => {
      await store.write("again", bytes("a longer first text"));
      await store.write("again", bytes("second"));
      expect(await text("again")).toBe("second");
    });

    test("empty and large objects, and bytes that are no text", async () => {
      const large = new Uint8Array(3_000_001).map((_, index) => index % 251);
      await store.write("large", large);
      await store.write("empty", new Uint8Array());
      expect(Buffer.from(await store.read("large")).equals(large)).toBe(true);
      expect((await store.read("empty")).length).toBe(0);
    });

    test("a digest is of what lies there now, by the path that its location has", async () => {
      await store.write("digested", bytes("abc"));
      const path = store.pathOf(store.locate("digested"));
      expect(path).toBe("digested");
      // FIPS 180-2, appendix B.1.
      const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
      expect(await store.digest(path)).toEqual({ bytes: 3, sha256 });
      expect(await store.digest("never/written")).toBeUndefined();
    });

    test("files are created together, in folders that are not there yet, and never over another", async () => {
      const large = new Uint8Array(1_000_001).map((_, index) => index % 251);
      await store.create([
        { path: "new/one", bytes: bytes("1") },
        { path: "new/deeper/two", bytes: large },
      ]);
      expect(await text("new/one")).toBe("1");
      expect(Buffer.from(await store.read("new/deeper/two")).equals(large)).toBe(true);
      const again = [
        { path: "new/three", bytes: bytes("3") },
        { path: "new/one", bytes: bytes("other") },
      ];
      await expect(store.create(again)).rejects.toThrow();
      expect([await text("new/one"), await store.exists("new/three")]).toEqual(["1", false]);
    });

    test("what an engine wrote is sealed with its digest", async () => {
      const large = new Uint8Array(1_000_001).map((_, index) => index % 251);
      await store.create([
        { path: "sealed/small", bytes: bytes("abc") },
        { path: "sealed/large", bytes: large },
      ]);
      for (const path of ["sealed/small", "sealed/large"])
        expect(await store.seal(path)).toEqual(await store.digest(path));
      expect(await store.seal("sealed/never")).toBeUndefined();
    });

    test("what is not there is an error", async () => {
      await expect(store.read("never/written")).rejects.toThrow();
    });

    test.each(["../outside", "a/../../outside", "/../outside", "a/b/../../../outside"])(
      "no path leaves the root: %s",
      async (path) => {
        await expect((async () => store.write(path, bytes("x")))()).rejects.toThrow(/leaves the store/);
        expect(() => store.locate(path)).toThrow(/leaves the store/);
        await expect((async () => store.read(path))()).rejects.toThrow(/leaves the store/);
      },
    );

    test("a second name is of the same bytes and outlives the first; a folder is listed and taken away with all in it", async () => {
      await store.write("linked/one", bytes("1"));
      await store.write("linked/two", bytes("2"));
      for (let time = 0; time < 2; time += 1) expect(await store.link("linked/one", "names/alias")).toBe(true);
      expect(await store.link("linked/two", "names/alias")).toBe(false);
      expect(await store.link("linked/two", "names/deeper/alias")).toBe(true);
      await store.remove("linked/two");
      expect([await text("names/alias"), await text("names/deeper/alias")]).toEqual(["1", "2"]);
      expect(await store.namesIn("names")).toEqual(["alias", "deeper"]);
      expect(await store.namesIn("never/written")).toEqual([]);
      expect([await store.exists("names/alias"), await store.exists("linked/two")]).toEqual([true, false]);
      for (let time = 0; time < 2; time += 1) await store.removeFolder("names");
      expect(await store.namesIn("names")).toEqual([]);
      expect(await text("linked/one")).toBe("1");
    });

    test("a folder that is prepared twice holds what is synced in it", async () => {
      await store.prepareFolder("folder/data");
      await store.prepareFolder("folder/data");
      await store.write("folder/data/one", bytes("1"));
      await store.sync("folder/data/one");
      expect(await text("folder/data/one")).toBe("1");
    });
  });
}
