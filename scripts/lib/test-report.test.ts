import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTestReport } from "./test-report.ts";

let root: string;
const path = () => join(root, "report.json");

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mill-report-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("counts what passed and failed, and names what was not run", () => {
  const results = (...statuses: readonly string[]) =>
    statuses.map((status, index) => ({ fullName: `test ${index}`, status }));
  const report = {
    numPassedTests: 2,
    numFailedTests: 1,
    testResults: [
      { name: join(root, "e2e", "a.test.ts"), status: "failed", assertionResults: results("passed", "failed") },
      {
        name: join(root, "e2e", "b.test.ts"),
        status: "passed",
        assertionResults: results("skipped", "todo", "passed"),
      },
      { name: join(root, "e2e", "unreadable.test.ts"), status: "failed", assertionResults: [] },
    ],
  };
  writeFileSync(path(), JSON.stringify(report));
  expect(readTestReport({ path: path(), root })).toEqual({
    passed: 2,
    failed: 2,
    skipped: ["e2e/b.test.ts > test 0", "e2e/b.test.ts > test 1"],
  });
});

test("a runner that died before it wrote its report is a failure", () => {
  const died = { passed: 0, failed: 1, skipped: [] };
  expect(readTestReport({ path: path(), root })).toEqual(died);
  writeFileSync(path(), '{"numPassedTests": 3, "test');
  expect(readTestReport({ path: path(), root })).toEqual(died);
});
