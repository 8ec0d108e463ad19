import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { silentLogger } from "@millwright/kernel";
import { defineProject } from "@millwright/project";
import { commitSegments } from "@millwright/serving";
import { expect, test } from "vitest";
import { compose, statePaths } from "../src/index.ts";

test("a table of predictions from before experiments gets their columns, and keeps its rows", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mill-segments-"));
  const settings = defineProject({ name: "segments" });
  const platform = await compose({ dir, settings, sources: [] }, statePaths(dir), { logger: silentLogger });
  try {
    const { lakehouse } = platform;
    const log = join(dir, ".mill", "serving", "predictions");
    mkdirSync(log, { recursive: true });
    const segment = (name: string, line: object) => writeFileSync(join(log, name), `${JSON.stringify(line)}\n`);
    segment("1.jsonl", { id: "made for its columns", at_ms: 1 });
    await commitSegments(lakehouse, log);
    const select = "select * exclude (variant, experiment) replace ('old' as id) from predictions";
    await lakehouse.write({ table: "older", select, mode: "append" });
    await lakehouse.drop("predictions");
    await lakehouse.write({ table: "predictions", select: "select * from older", mode: "append" });

    segment("2.jsonl", { id: "new", at_ms: 2, variant: "b", experiment: "e" });
    segment("3.jsonl", { id: "newer", at_ms: 3 });
    expect(await commitSegments(lakehouse, log)).toBe(2);
    const rows = "select id, variant, experiment from predictions order by predicted_at";
    expect((await lakehouse.query(rows)).rows).toEqual([
      ["old", null, null],
      ["new", "b", "e"],
      ["newer", null, null],
    ]);
    expect(readdirSync(log)).toEqual([]);
  } finally {
    await platform.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
