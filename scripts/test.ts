import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// `npm test`: every test for which this machine has the means; at its end it says aloud what it had not.

const root = join(import.meta.dirname, "..");
const report = join(tmpdir(), `millwright-tests-${process.pid}.json`);
const args = [
  join(root, "node_modules", "vitest", "vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
const counts = readCounts();
rmSync(report, { force: true });

const missing: readonly (readonly [string, boolean])[] = [
  [
    "pyiceberg reading the tables: no Python environment at .venv-acceptance (see CONTRIBUTING.md)",
    !existsSync(join(root, ".venv-acceptance", "bin", "python")),
  ],
  ["a full disk: a small one can be mounted by root only", process.getuid?.() !== 0],
  [
    "the model against ONNX on all rows of the real flights, minutes long: MILL_FULL is not 1",
    process.env["MILL_FULL"] !== "1",
  ],
];
for (const [what, isMissing] of missing) if (isMissing) console.log(`NOT RUN  ${what}`);
const brokenFiles = status !== 0 && counts.numFailedTests === 0 ? Math.max(1, counts.numFailedTestSuites) : 0;
console.log(`${counts.numPassedTests} passed, ${counts.numFailedTests + brokenFiles} failed`);
process.exitCode = status === 0 ? 0 : 1;

interface Counts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
}

/** A runner that died before it wrote its report counts as one failure: the last line is always printed. */
function readCounts(): Counts {
  try {
    return JSON.parse(readFileSync(report, "utf8")) as Counts;
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1 };
  }
}
