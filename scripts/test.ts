import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMeans, means } from "../e2e/support/means.ts";
import { readTestReport } from "./lib/test-report.ts";

// `npm test`: every test for which this machine has the means; at its end it says aloud what was not run, and why.
// `npm run test:full` runs them at full width (MILL_FULL=1), and then the long ones.

const root = join(import.meta.dirname, "..");
const full = process.argv.includes("--full");
const longTests: Readonly<Record<string, readonly string[]>> = {
  "kill test, 100 kills": ["e2e/kill/main.ts", "--seed", "1", "--kills", "100"],
};

const tests = runVitest();
const long = Object.entries(full ? longTests : {}).map(([name, args]) => ({ name, passed: runLong(name, args) }));

const found = findMeans({ root, path: process.env["PATH"] ?? "" });
for (const [name, { tests: untested, what }] of Object.entries(means))
  if (found[name as keyof typeof means] === undefined) console.log(`NO MEANS  ${untested}: needs ${what}`);
for (const name of tests.skipped) console.log(`NOT RUN   ${name}`);
if (!full) for (const name of Object.keys(longTests)) console.log(`NOT RUN   ${name} (\`npm run test:full\`)`);
for (const { name, passed } of long) console.log(`${passed ? "passed" : "FAILED"}    ${name}`);
const failed = tests.failed + long.filter(({ passed }) => !passed).length;
console.log(`${tests.passed + long.filter(({ passed }) => passed).length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** All of Vitest's tests. A run that fails counts as one failure at the least. */
function runVitest() {
  const path = join(tmpdir(), `millwright-tests-${process.pid}.json`);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${path}`];
  const env = { ...process.env, ...(full ? { MILL_FULL: "1" } : {}) };
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env });
  const report = readTestReport({ path, root });
  rmSync(path, { force: true });
  return status === 0 ? report : { ...report, failed: Math.max(1, report.failed) };
}

function runLong(name: string, args: readonly string[]): boolean {
  console.log(`\n=== ${name}`);
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
}
