import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { openSqliteOnlineStore } from "../src/adapters/sqlite-online-store.ts";

const folder = mkdtempSync(join(tmpdir(), "mill-online-"));
const path = join(folder, "online.db");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = (value: number) =>
  ["ORD", "SFO"].map((key) => ({ key, eventTimeMs: value, values: Float64Array.of(value) }));

describe("reads of one snapshot", () => {
  test("see one state, though another process writes between them; the next snapshot sees what it wrote", async () => {
    const writer = openSqliteOnlineStore({ path });
    await writer.replaceView({ view: "late", features: ["old"] }, rowsOf(1));
    const reader = openSqliteOnlineStore({ path, readOnly: true });
    const read = (between: () => void) =>
      reader.snapshot(() => {
        const first = reader.get("late", "ORD")?.values[0];
        between();
        return [first, reader.get("late", "SFO")?.values[0], reader.featuresOf("late")?.[0]];
      });
    const writes: Promise<void>[] = [];
    expect(read(() => writes.push(writer.replaceView({ view: "late", features: ["new"] }, rowsOf(2))))).toEqual([
      1,
      1,
      "old",
    ]);
    await Promise.all(writes);
    await setImmediate();
    expect(read(() => undefined)).toEqual([2, 2, "new"]);
    reader.close();
    writer.close();
  });

  test("end when a read throws", () => {
    const store = openSqliteOnlineStore({ path, readOnly: true });
    expect(() =>
      store.snapshot(() => {
        throw new Error("no such field");
      }),
    ).toThrow("no such field");
    expect(store.snapshot(() => store.featuresOf("late"))).toEqual(["new"]);
    store.close();
  });
});
