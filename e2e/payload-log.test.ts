import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addIdentity } from "./support/identity-model.ts";
import { childOf } from "./support/processes.ts";
import { end, eventually } from "./support/project.ts";

// `mill serve DIR --payload-log FOLDER`: what was asked and answered, as files that DuckDB reads.

const launcher = join(import.meta.dirname, "..", "bin", "mill");

let folder: string;
let serving: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-payload-log-"));
  addIdentity(join(folder, "models"), 1);
});
afterEach(() => {
  if (serving?.exitCode === null) serving.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function serve(...options: readonly string[]): Promise<string> {
  serving = spawn(launcher, ["serve", join(folder, "models"), "--port", "0", "--json", ...options], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [said] = (await once(serving.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return `http://127.0.0.1:${(JSON.parse(said.toString()) as { restPort: number }).restPort}`;
}

async function ask(url: string, value: number): Promise<void> {
  const inputs = [{ name: "x", datatype: "INT64", shape: [1], data: [value] }];
  const headers = { authorization: "Bearer s3cret" };
  const body = JSON.stringify({ id: `caller-${value}`, inputs });
  const response = await fetch(`${url}/v2/models/identity/infer`, { method: "POST", headers, body });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
}

const segments = (place: string, suffix: string) =>
  existsSync(place) ? readdirSync(place).filter((name) => name.endsWith(suffix)) : [];

/** What lies in a folder's files of a suffix. */
const text = (place: string, suffix: string) =>
  segments(place, suffix)
    .map((name) => readFileSync(join(place, name), "utf8"))
    .join("");

async function rowsOf(place: string) {
  const database = await DuckDBInstance.create();
  const connection = await database.connect();
  const select = `SELECT client_request_id, request::JSON->'inputs'->0->'data'->>0 AS asked, response::JSON->'outputs'->0->'data'->>0 AS answered
    FROM read_json('${place}/*.jsonl') ORDER BY at_ms, client_request_id`;
  const reader = await connection.runAndReadAll(select);
  connection.closeSync();
  database.closeSync();
  return reader.getRows();
}

const expected = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => [`caller-${from + at}`, String(from + at), String(from + at)]);

describe.skipIf(process.platform !== "linux")("the payload log of a folder", () => {
  test("has what was asked and answered, and after a kill all that was written", async () => {
    const log = join(folder, "log");
    const url = await serve("--payload-log", log);
    for (let value = 100; value < 110; value += 1) await ask(url, value);
    await eventually("what was asked is written", () => text(log, ".open").includes("caller-109") || undefined);
    const killed = childOf(serving?.pid, "folder-main") ?? 0;
    process.kill(killed, "SIGKILL");
    await eventually("another process", () => {
      const found = childOf(serving?.pid, "folder-main");
      return found === undefined || found === killed ? undefined : found;
    });
    await eventually("it answers", () =>
      fetch(`${url}/v2`).then(
        ({ ok }) => ok,
        () => undefined,
      ),
    );
    for (let value = 110; value < 115; value += 1) await ask(url, value);
    expect((await end({ process: serving as ChildProcess })).code).toBe(0);
    serving = undefined;
    expect(await rowsOf(log)).toEqual(expected(100, 15));
    expect(text(log, ".jsonl")).not.toContain("s3cret");
  });

  test("is off unless it is asked for; a model's configuration asks for its own, which lies beside the models", async () => {
    const own = join(folder, "models", ".payloads");
    const url = await serve();
    await ask(url, 1);
    expect((await end({ process: serving as ChildProcess })).code).toBe(0);
    expect(existsSync(own)).toBe(false);
    writeFileSync(
      join(folder, "models", "identity", "config.pbtxt"),
      'parameters { key: "payload_log" value { string_value: "all" } }',
    );
    await ask(await serve(), 2);
    expect((await end({ process: serving as ChildProcess })).code).toBe(0);
    serving = undefined;
    expect(await rowsOf(own)).toEqual(expected(2, 1));
  });
});
