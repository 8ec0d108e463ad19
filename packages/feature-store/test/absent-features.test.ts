import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { table } from "@millwright/kernel";
import { openSqliteOnlineStore } from "../src/adapters/sqlite-online-store.ts";
import { createOnlineFeatures, defineEntity, defineFeatureView, historicalSelect } from "../src/index.ts";
import type { OnMissing, OnStale } from "../src/definitions.ts";
import { pushRows } from "../src/push.ts";

const folder = mkdtempSync(join(tmpdir(), "mill-absent-"));
const online = openSqliteOnlineStore({ path: join(folder, "online.db") });
const NO_TEXTS = new Set<string>();
let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("CREATE TABLE v AS SELECT 'old' AS k, TIMESTAMP '2001-01-01 10:00:00' AS at, 7.0::double AS f");
  await connection.run(
    "CREATE TABLE p AS SELECT k, TIMESTAMP '2001-01-01 12:00:00' AS asked_at FROM (VALUES ('old'), ('none')) t(k)",
  );
});

afterAll(() => {
  connection.closeSync();
  online.close();
  rmSync(folder, { recursive: true, force: true });
});

function viewOf({ onMissing, onStale }: { readonly onMissing?: OnMissing; readonly onStale?: OnStale }) {
  return defineFeatureView({
    name: "v",
    entities: [defineEntity({ name: "e", key: "k" })],
    from: table("v"),
    timestamp: "at",
    ttl: "1h",
    features: ["f"],
    defaults: { f: 0.5 },
    ...(onMissing === undefined ? {} : { onMissing }),
    ...(onStale === undefined ? {} : { onStale }),
  });
}

type View = ReturnType<typeof viewOf>;

async function inBatch(view: View): Promise<readonly unknown[]> {
  const columns = [
    { name: "k", type: "string" },
    { name: "at", type: "timestamp" },
    { name: "asked_at", type: "timestamp" },
    { name: "f", type: "double" },
  ];
  const select = historicalSelect({
    population: "main.p",
    timestamp: "asked_at",
    keep: ["k"],
    selections: [view.all()],
    columnsOf: () => columns,
    populationColumns: columns,
  });
  const rows = await (await connection.run(`SELECT f FROM (${select}) ORDER BY k DESC`)).getRows();
  return rows.map(([value]) => value ?? null);
}

async function atRequest(view: View): Promise<readonly unknown[]> {
  const { at, ...row } = { k: "old", at: "2001-01-01T10:00:00Z", f: 7 };
  await pushRows(online, view, { rows: [{ ...row, at }], textFeatures: NO_TEXTS });
  const features = createOnlineFeatures(online, { selections: [view.all()], timestamp: "asked_at" });
  return ["old", "none"].map((k) => {
    const [value = Number.NaN] = features.lookup({ k, asked_at: "2001-01-01T12:00:00Z" }, 0).values;
    return Number.isNaN(value) ? null : value;
  });
}

describe("a row that is too old, and one that is not there", () => {
  test.each([
    [{}, [null, null]],
    [{ onMissing: "default" }, [null, 0.5]],
    [{ onStale: "default" }, [0.5, null]],
    [{ onStale: "last_known" }, [7, null]],
    [{ onMissing: "default", onStale: "last_known" }, [7, 0.5]],
    [{ onMissing: "default", onStale: "default" }, [0.5, 0.5]],
  ] as const)("count as declared, in training and online alike: %j", async (declared, expected) => {
    const view = viewOf(declared);
    expect(await inBatch(view)).toEqual(expected);
    expect(await atRequest(view)).toEqual(expected);
  });

  test("refuse the request where they are to be errors", async () => {
    await expect(atRequest(viewOf({ onStale: "error" }))).rejects.toMatchObject({ code: "features/stale" });
    await expect(atRequest(viewOf({ onMissing: "error" }))).rejects.toMatchObject({
      code: "features/missing-entity",
      because: 'v has no row for k = "none"',
    });
  });

  test("have a default only where the view gives one", () => {
    const { name } = viewOf({});
    const without = () =>
      defineFeatureView({
        name,
        entities: [],
        from: table("v"),
        timestamp: "at",
        features: ["f"],
        onMissing: "default",
      });
    expect(without).toThrow(expect.objectContaining({ code: "features/invalid-view" }));
  });
});

describe("pushed rows", () => {
  const at = (hour: number) => `2001-01-02T${String(hour).padStart(2, "0")}:00:00.000001Z`;

  test("count at once, stay over a materialisation that has older ones, and go when it has as new", async () => {
    const view = viewOf({});
    const store = { view: "v", features: ["f"] };
    const row = (hour: number, f: number) => ({
      key: "a",
      eventTimeMs: Date.parse(at(hour)) + 0.001,
      values: Float64Array.of(f),
    });
    expect(await pushRows(online, view, { rows: [{ k: "a", at: at(10), f: 1 }], textFeatures: NO_TEXTS })).toBe(1);
    expect(await pushRows(online, view, { rows: [{ k: "a", at: at(9), f: 2 }], textFeatures: NO_TEXTS })).toBe(0);
    expect(online.get("v", "a")).toEqual(row(10, 1));
    await online.replaceView(store, [row(9, 3)]);
    expect(online.get("v", "a")).toEqual(row(10, 1));
    await online.replaceView(store, [row(10, 4)]);
    expect(online.get("v", "a")).toEqual(row(10, 4));
    await online.replaceView(store, []);
    expect(online.get("v", "a")).toBeUndefined();
  });

  test("are all taken or none", async () => {
    const rows = [
      { k: "b", at: at(1), f: 1 },
      { k: "b", at: at(2), f: "much" },
    ];
    const pushed = (async () => pushRows(online, viewOf({}), { rows, textFeatures: NO_TEXTS }))();
    await expect(pushed).rejects.toMatchObject({ code: "features/wrong-rows" });
    expect(online.get("v", "b")).toBeUndefined();
  });
});
