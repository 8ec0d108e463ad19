import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CatalogEntry, ObjectStore, TableCatalog } from "./ports.ts";

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

/** What every catalog of tables does: a commit is a compare-and-swap, whoever else commits. */
export function tableCatalogSuite(name: string, fixture: Fixture<TableCatalog>): void {
  describe(`TableCatalog on ${name}`, () => {
    let catalog: TableCatalog;
    beforeAll(async () => {
      catalog = await fixture.open();
    });
    afterAll(() => catalog.close());

    test("an entry is read back as it was put, by another process too", async () => {
      const table = entry("kept");
      const view = entry("kept_view", {
        kind: "view",
        metadataLocation: null,
        sql: "select 1",
        snapshotId: null,
        rowCount: null,
        bytes: null,
        fileCount: null,
      });
      for (const one of [table, view]) expect(await catalog.swap(one, undefined)).toBe(true);
      const other = await fixture.open();
      for (const from of [catalog, other]) {
        expect(await from.get("kept")).toEqual(table);
        expect(await from.get("kept_view")).toEqual(view);
        expect(await from.get("never")).toBeUndefined();
      }
      await other.close();
    });

    test("entries are listed by the bytes of their names", async () => {
      for (const one of ["Zebra", "_x", "zebra", "z_a", "za"]) await catalog.swap(entry(`order_${one}`), undefined);
      const names = (await catalog.list()).map((found) => found.name).filter((found) => found.startsWith("order_"));
      expect(names).toEqual(["order_Zebra", "order__x", "order_z_a", "order_za", "order_zebra"]);
    });

    test("a new name is taken once", async () => {
      expect(await catalog.swap(entry("once", { rowCount: 1 }), undefined)).toBe(true);
      expect(await catalog.swap(entry("once", { rowCount: 2 }), undefined)).toBe(false);
      expect((await catalog.get("once"))?.rowCount).toBe(1);
    });

    test("a swap from a state that is no more changes nothing, nor does one of a name that is gone", async () => {
      const first = entry("swapped", { metadataLocation: "/1" });
      await catalog.swap(first, undefined);
      expect(await catalog.swap(entry("swapped", { metadataLocation: "/2" }), "/0")).toBe(false);
      expect(await catalog.swap(entry("swapped", { metadataLocation: "/2" }), null)).toBe(false);
      expect(await catalog.get("swapped")).toEqual(first);
      expect(await catalog.swap(entry("swapped", { metadataLocation: "/2" }), "/1")).toBe(true);
      await catalog.remove("swapped");
      expect(await catalog.swap(entry("swapped", { metadataLocation: "/3" }), "/2")).toBe(false);
      expect(await catalog.get("swapped")).toBeUndefined();
    });

    test("a view becomes a table by a swap from null", async () => {
      await catalog.swap(entry("becomes", { kind: "view", metadataLocation: null, sql: "select 1" }), undefined);
      expect(await catalog.swap(entry("becomes"), null)).toBe(true);
      expect((await catalog.get("becomes"))?.kind).toBe("table");
    });

    test("of writers in several processes who count upwards by compare-and-swap, none loses a step", async () => {
      await catalog.swap(entry("counted", { metadataLocation: "/0" }), undefined);
      const writers = await Promise.all(Array.from({ length: 4 }, () => fixture.open()));
      const count = async (writer: TableCatalog): Promise<number> => {
        let refused = 0;
        for (let done = 0; done < 10;) {
          const location = (await writer.get("counted"))?.metadataLocation ?? "";
          const next = `/${Number(location.slice(1)) + 1}`;
          if (await writer.swap(entry("counted", { metadataLocation: next }), location)) done += 1;
          else refused += 1;
        }
        return refused;
      };
      await Promise.all(writers.map(count));
      expect((await catalog.get("counted"))?.metadataLocation).toBe("/40");
      await Promise.all(writers.map((writer) => writer.close()));
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

    test("a folder that is prepared twice holds what is synced in it", async () => {
      await store.prepareFolder("folder/data");
      await store.prepareFolder("folder/data");
      await store.write("folder/data/one", bytes("1"));
      await store.sync("folder/data/one");
      expect(await text("folder/data/one")).toBe("1");
    });
  });
}
