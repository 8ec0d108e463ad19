import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { end } from "./support/project.ts";

// Where `mill serve` is told that its models lie.

const launcher = join(import.meta.dirname, "..", "bin", "mill");

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "mill-places-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("models that are named with their URIs are served by their names, without a folder", async () => {
  const named = ["--model", `one=${folder}`, "--model", `other=file://${folder}`];
  const serving = spawn(launcher, ["serve", ...named, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [said] = (await once(serving.stdout, "data")) as [Buffer];
  const { models } = JSON.parse(said.toString()) as { models: readonly { name: string; state: string }[] };
  // There is nothing in it.
  expect(models).toMatchObject([
    { name: "one", state: "UNAVAILABLE" },
    { name: "other", state: "UNAVAILABLE" },
  ]);
  await end({ process: serving });
});

test("a folder that is not there is refused, and not made", async () => {
  const nowhere = join(folder, "modles");
  const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) =>
    execFile(launcher, ["serve", nowhere, "--port", "0"], { timeout: 30_000 }, (error, _, stderr) =>
      resolve({ code: error?.code, said: stderr }),
    ),
  );
  expect([code, said]).toEqual([2, expect.stringContaining(`there is no folder ${nowhere}`)]);
  expect(existsSync(nowhere)).toBe(false);
});
