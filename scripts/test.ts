import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMeans, means } from "../e2e/support/means.ts";
import { failureToRead, readTestReport, type TestReport } from "./lib/test-report.ts";

// `npm test`: every test for which this machine has the means; at its end it says aloud what took long, what was not run
// and why, and what failed. `npm run test:full` runs them at full width (MILL_FULL=1), and then the long ones. Names of
// test files behind it run those alone: `npm test -- e2e/docs.test.ts`.

const root = join(import.meta.dirname, "..");
const [full, asked] = [process.argv.includes("--full"), process.argv.slice(2).filter((word) => word !== "--full")];
const longTests: Readonly<Record<string, readonly string[]>> = {
  "kill test, 100 kills": ["e2e/kill/main.ts", "--seed", "1", "--kills", "100"],
};
const SLOWEST_TOLD = 15;

const tests = runVitest();
const long = Object.entries(full ? longTests : {}).map(([name, args]) => ({ name, passed: runLong(name, args) }));

const found = findMeans({ root, path: process.env["PATH"] ?? "" });
console.log("\nThe slowest files:");
for (const { name, seconds } of tests.files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_TOLD))
  console.log(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
for (const [name, { tests: untested, what }] of Object.entries(means))
  if (found[name as keyof typeof means] === undefined) console.log(`NO MEANS  ${untested}: needs ${what}`);
for (const name of tests.skipped) console.log(`NOT RUN   ${name}`);
if (!full) for (const name of Object.keys(longTests)) console.log(`NOT RUN   ${name} (\`npm run test:full\`)`);
for (const { name, passed } of long) console.log(`${passed ? "passed" : "FAILED"}    ${name}`);
for (const failure of tests.failed) console.log(failureToRead(failure));
const failed = tests.failed.length + long.filter(({ passed }) => !passed).length;
console.log(`${tests.passed + long.filter(({ passed }) => passed).length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** All of Vitest's tests. A run that fails counts as one failure at the least. */
function runVitest(): TestReport {
  const path = join(tmpdir(), `millwright-tests-${process.pid}.json`);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", `--reporter=${join(root, "scripts", "lib", "test-reporter.ts")}`, ...asked];
  const env = { ...process.env, ...(full ? { MILL_FULL: "1" } : {}), MILL_TEST_REPORT: path };
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env });
  const report = readTestReport(path);
  rmSync(path, { force: true });
  if (status === 0 || report.failed.length > 0) return report;
  return { ...report, failed: [{ name: "vitest", messages: [`it ended with ${status}; no test failed`] }] };
}

function runLong(name: string, args: readonly string[]): boolean {
  console.log(`\n=== ${name}`);
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
}
