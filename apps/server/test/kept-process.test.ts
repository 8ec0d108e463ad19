import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { silentLogger, type Logger } from "@millwright/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepProcess } from "../src/kept-process.ts";

// A process that is kept up: ended in good order, and started again whatever keeps it from it for a while.

const PROGRAM = `
import { existsSync, writeFileSync } from "node:fs";
import { runKept } from ${JSON.stringify(join(import.meta.dirname, "..", "src", "run-kept.ts"))};

runKept(async ({ folder, isStuck }, { tell }) => {
  tell("starting");
  if (isStuck) await new Promise((done) => setTimeout(done, 3_600_000));
  return {
    ready: process.pid,
    close: async () => {
      tell("closing");
      while (!existsSync(folder + "/go")) await new Promise((done) => setTimeout(done, 2));
      writeFileSync(folder + "/closed", "");
    },
  };
});
`;

const { execPath } = process;

let folder: string;
let entry: URL;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-keeper-"));
  writeFileSync(join(folder, "program.ts"), PROGRAM);
  entry = pathToFileURL(join(folder, "program.ts"));
});
afterEach(() => {
  process.execPath = execPath;
  rmSync(folder, { recursive: true, force: true });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 2));
}

function keep({ onTold = () => {}, logger = silentLogger }: { onTold?: (told: string) => void; logger?: Logger }) {
  const settings = () => ({ folder });
  return keepProcess<number, string>({
    entry,
    named: "it",
    settings,
    errors: "inherit",
    logger,
    onTold,
    endsWithinMs: 60_000,
  });
}

test("one that is asked twice to end finishes what it has begun", async () => {
  const kept = await keep({
    onTold: (told) => {
      if (told !== "closing") return;
      process.kill(kept.pid ?? 0, "SIGTERM");
      writeFileSync(join(folder, "go"), "");
    },
  });
  await kept.close();
  expect(existsSync(join(folder, "closed"))).toBe(true);
});

test("where the system has no process left for it, it is started once it has", async () => {
  let [failures, starts] = [0, 0];
  const logger: Logger = {
    ...silentLogger,
    error: (_fields, message) => {
      if (/could not be started/.test(message)) failures += 1;
    },
  };
  const kept = await keep({ logger, onTold: () => (starts += 1) });
  process.execPath = join(folder, "nothing");
  process.kill(kept.ready, "SIGKILL");
  await until(() => failures >= 2);
  process.execPath = execPath;
  await until(() => starts === 2);
  expect(kept.pid).not.toBe(kept.ready);
  writeFileSync(join(folder, "go"), "");
  await kept.close();
});

test("one whose keeper is gone before it has started does not stay", async () => {
  const child = fork(entry, { execArgv: ["--disable-warning=ExperimentalWarning"] });
  child.send({ folder, isStuck: true });
  await once(child, "message");
  child.disconnect();
  await once(child, "exit");
  expect(existsSync(join(folder, "closed"))).toBe(false);
});
