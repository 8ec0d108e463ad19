import { rmSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { silentLogger, systemClock } from "@millwright/kernel";
import { defineProject, type Project } from "@millwright/project";
import { expect, test, vi } from "vitest";
import { careDefaultsOf } from "../src/care-settings.ts";
import { startCaretaker } from "../src/control/caretaker.ts";
import type { RoadRunner } from "../src/control/road-runner.ts";
import { compose, statePaths } from "../src/index.ts";

test("while a project is up its tables are cared for, but not beside a run, nor when that is not wanted", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mill-caretaker-"));
  const settings = defineProject({ name: "cared", care: { everyMinutes: 0.001 } });
  const platform = await compose({ dir, settings, sources: [] }, statePaths(dir), { logger: silentLogger });
  try {
    const { lakehouse, careLog } = platform;
    await lakehouse.execute("CREATE TABLE small (k int)");
    await lakehouse.execute("CREATE TABLE left_alone (k int) TBLPROPERTIES ('millwright.care.enabled' = 'false')");
    for (const table of ["small", "left_alone"])
      for (let k = 1; k <= 6; k += 1) await lakehouse.execute(`INSERT INTO ${table} VALUES (${k})`);
    let isBusy = true;
    const isBusyAsked = vi.fn(() => isBusy);
    const runner = { project: () => ({ settings }) as Project, isBusy: isBusyAsked } as unknown as RoadRunner;
    const caretaker = startCaretaker({ platform, runner, clock: systemClock, logger: silentLogger });
    await vi.waitFor(() => expect(isBusyAsked).toHaveBeenCalled(), 20_000);
    expect(await careLog.last("small")).toBe(undefined);
    isBusy = false;
    await vi.waitFor(async () => expect(await careLog.last("left_alone")).not.toBe(undefined), 60_000);
    await vi.waitFor(async () => expect(await careLog.last("small")).not.toBe(undefined), 60_000);
    await caretaker.close();
    expect((await lakehouse.table("small"))?.fileCount).toBe(1);
    expect((await lakehouse.table("left_alone"))?.fileCount).toBe(6);
    expect((await lakehouse.query("SELECT sum(k) FROM small")).rows).toEqual([[21]]);
  } finally {
    await platform.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

test("in another catalog nothing is done unasked", () => {
  const catalog = { engine: "iceberg-rest", url: "https://catalog.example.org" } as const;
  const given = { ...defineProject({ name: "elsewhere" }), engines: { catalog } } as unknown as Project["settings"];
  expect(Object.values(careDefaultsOf(given)).some(Boolean)).toBe(false);
  expect(careDefaultsOf({ ...given, care: { removeOrphans: false } })).toMatchObject({ compact: true });
});
