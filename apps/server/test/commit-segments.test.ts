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

test("the payload log of a project is the table inference_payloads, each inference of it once", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mill-segments-"));
  const settings = defineProject({ name: "segments" });
  const platform = await compose({ dir, settings, sources: [] }, statePaths(dir), { logger: silentLogger });
  const { lakehouse } = platform;
  try {
    const log = join(dir, ".mill", "serving", "predictions");
    const payloads = join(log, "payloads");
    mkdirSync(payloads, { recursive: true });
    const request = JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2.5] }] });
    const record = (id: string) => JSON.stringify({ id, at_ms: 1_000, model_name: "m", status_code: 200, request });
    // The last line of a process that was killed is torn.
    writeFileSync(join(payloads, "1.jsonl"), `${record("a")}\n${record("b")}\n{"id":"torn","at_`);
    writeFileSync(join(payloads, "2.open"), `${record("still written")}\n`);
    await commitSegments(lakehouse, log);
    await commitSegments(lakehouse, log);
    const rows = `select id, model_name, cast(request::json->'inputs'->0->'data'->1 as double), requested_at = make_timestamp(1000000) from inference_payloads order by id`;
    expect((await lakehouse.query(rows)).rows).toEqual([
      ["a", "m", 2.5, true],
      ["b", "m", 2.5, true],
    ]);
    expect(readdirSync(payloads)).toEqual(["2.open"]);
  } finally {
    await platform.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
