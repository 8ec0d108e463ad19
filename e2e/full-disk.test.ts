import { execFileSync } from "node:child_process";
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { edit, end, mill, millJson, millUp, smallFlights, tablesOf } from "./support/project.ts";

const small = mountSmallDisk();

describe("a full disk", () => {
  afterAll(() => {
    if (small === undefined) return;
    execFileSync("umount", ["-l", small]);
    rmSync(small, { recursive: true, force: true });
  });

  test.skipIf(small === undefined)(
    "is told wherever it fills up; nothing that stood is lost, and with room it goes on",
    async () => {
      const disk = join(small ?? "", "flights");
      const projectDir = smallFlights();
      cpSync(projectDir, disk, { recursive: true });
      rmSync(projectDir, { recursive: true, force: true });
      for (const freeKilobytes of [16, 100, 250, 1_500]) {
        rmSync(join(disk, ".mill"), { recursive: true, force: true });
        expectDiskFull(disk, freeKilobytes);
      }
      expect(mill(["run", "--project", disk]).code).toBe(0);
      const whole = tablesOf(disk);
      edit(disk, "models/staging/flights.sql", (sql) => `-- changed\n${sql}`);
      expectDiskFull(disk, 300);
      expect(rowsOf(tablesOf(disk))).toEqual(rowsOf(whole));
      expect(mill(["run", "--project", disk]).code).toBe(0);
      expect(rowsOf(tablesOf(disk))).toEqual(rowsOf(whole));
      await servesOnFullDisk(disk);
    },
  );
});

const rowsOf = (tables: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tables).map(([name, state]) => [name, state.split(",")[0]]));

function expectDiskFull(disk: string, freeKilobytes: number): void {
  const filling = fill(disk, freeKilobytes);
  const { code, stdout, stderr } = mill(["run", "--project", disk]);
  rmSync(filling);
  expect({ freeKilobytes, code }).toEqual({ freeKilobytes, code: 1 });
  expect(stdout + stderr).toMatch(/(?:platform|lakehouse)\/disk-full/);
  expect(stdout + stderr).toMatch(/remedy {2}Make room and run it again/);
  expect(stdout + stderr).not.toMatch(/kernel\/defect|\n\s+at /);
}

/** Answers go on; what the log could not take meanwhile it takes once there is room. */
async function servesOnFullDisk(disk: string): Promise<void> {
  const up = await millUp(disk);
  await up.road;
  const ask = async () => {
    const body = '{"origin":"ORD","destination":"SFO","departed_at":"2001-06-28T01:00:00Z","distance":1846}';
    const response = await fetch(`http://127.0.0.1:${up.port}/v2/models/late-flights/infer`, { method: "POST", body });
    expect(response.status).toBe(200);
    return ((await response.json()) as { id: string }).id;
  };
  const filling = fill(disk, 0);
  const ids: string[] = [];
  for (let count = 0; count < 200; count += 1) ids.push(await ask());
  rmSync(filling);
  ids.push(await ask());
  await end(up);
  expect(mill(["run", "--project", disk]).code).toBe(0);
  const { rows } = millJson(["sql", "select id from predictions", "--project", disk]) as { rows: [string][] };
  expect(rows.map(([id]) => id).toSorted()).toEqual(ids.toSorted());
}

/** Fills the disk until so much is left. */
function fill(disk: string, freeKilobytes: number): string {
  const path = join(disk, "..", "filling");
  const file = openSync(path, "w");
  const { bavail, bsize } = statfsSync(disk);
  try {
    for (let left = bavail * bsize - freeKilobytes * 1_024; left > 0;)
      left -= writeSync(file, Buffer.alloc(Math.min(left, 1 << 20), 1));
  } finally {
    closeSync(file);
  }
  return path;
}

/** 64 MB of memory as a disk; undefined, and said aloud, where that needs rights which the test has not. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "mill-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], { stdio: "pipe" });
    return folder;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    console.warn("NOT RUN  a full disk: a small one can be mounted by root only");
    return undefined;
  }
}
