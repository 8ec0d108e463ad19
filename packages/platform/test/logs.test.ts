import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFileLogger } from "../src/index.ts";
import { followLogs, readLogs, type LogLine } from "../src/logs.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "mill-logs-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a log never takes more than twice its bound, and its newest lines are kept", async () => {
  const logger = createFileLogger({ path: join(folder, "mill.log"), bytesMax: 4_000 });
  for (let index = 0; index < 1_000; index += 1) logger.info({ index }, "a line");
  expect(readdirSync(folder).toSorted()).toEqual(["mill.log", "mill.log.1"]);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(4_000);
  const lines = await readLogs({ folder, filter: {}, lines: 1_000 });
  expect(lines.at(-1)).toMatchObject({ index: 999, process: "control" });
  expect(lines.map(({ index }) => Number(index))).toEqual(lines.map((_line, at) => 1_000 - lines.length + at));
  expect(lines.length).toBeGreaterThan(30);
});

test("the newest lines of all processes, by step, process and level; a torn line is left out", async () => {
  const control = createFileLogger({ path: join(folder, "mill.log") });
  control.error({ task: "training:late-flights" }, "failed");
  control.info({ task: "table:departures" }, "done");
  createFileLogger({ path: join(folder, "serving.log") }).warn({}, "slow");
  appendFileSync(join(folder, "serving.log"), '{"time":"2001-01');
  const told = async (filter: Parameters<typeof readLogs>[0]["filter"], lines = 10) =>
    (await readLogs({ folder, filter, lines })).map(({ message }) => message);
  expect(await told({})).toEqual(["failed", "done", "slow"]);
  expect(await told({}, 1)).toEqual(["slow"]);
  expect(await told({ step: "late-flights" })).toEqual(["failed"]);
  expect(await told({ step: "training:late-flights" })).toEqual(["failed"]);
  expect(await told({ process: "serving" })).toEqual(["slow"]);
  expect(await told({ level: "warn" })).toEqual(["failed", "slow"]);
  expect(await told({ text: "LATE-FLIGHTS" })).toEqual(["failed"]);
  expect(await told({}, 0)).toEqual([]);
});

test("following tells each line once, over a rotation and in files that come later", async () => {
  const logger = createFileLogger({ path: join(folder, "mill.log"), bytesMax: 1_500 });
  logger.info({ index: -1 }, "before");
  const abort = new AbortController();
  const seen: LogLine[] = [];
  const until = Promise.withResolvers<void>();
  const following = followLogs({
    folder,
    filter: {},
    lines: 10,
    signal: abort.signal,
    onLine: (line) => {
      seen.push(line);
      if (line.message === "last") until.resolve();
    },
  });
  for (let index = 0; index < 5; index += 1) logger.info({ index }, "a line");
  createFileLogger({ path: join(folder, "serving.log") }).info({}, "last");
  await until.promise;
  abort.abort();
  await following;
  expect(seen.map(({ index }) => index).filter((index) => index !== undefined)).toEqual([-1, 0, 1, 2, 3, 4]);
  expect(readFileSync(join(folder, "mill.log"), "utf8")).toContain('"index":4');
});
