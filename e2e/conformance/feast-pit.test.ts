import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const cases = join(import.meta.dirname, "feast-pit");

function replay(folder: string, only: readonly string[]) {
  const { status, stdout } = spawnSync(
    join(root, "bin", "node"),
    [join(root, "scripts", "conformance.ts"), "feast-pit", folder, ...only],
    { encoding: "utf8" },
  );
  return { status, lines: stdout.trim().split("\n") };
}

test("point-in-time joins are as Feast's", () => {
  const slice = ["world", "filter_by_created_timestamp", "on_demand_full_names", "string_key_for_int"];
  const { status, lines } = replay(cases, inject("full") ? [] : slice);
  expect(lines).toEqual([`${inject("full") ? 33 : slice.length} passed, 0 failed, 0 skipped`]);
  expect(status).toBe(0);
});

test("a wrong answer in the record fails", () => {
  const broken = mkdtempSync(join(tmpdir(), "mill-feast-pit-"));
  cpSync(cases, broken, { recursive: true });
  const expected = readFileSync(join(broken, "world.expected.json"), "utf8");
  writeFileSync(join(broken, "world.expected.json"), expected.replace("50.404236", "50.404237"));
  const { status, lines } = replay(broken, ["world"]);
  expect(lines).toEqual(["failed  world: row 0, wa_f: 50.404236 for 50.404237", "0 passed, 1 failed, 0 skipped"]);
  expect(status).toBe(1);
});
