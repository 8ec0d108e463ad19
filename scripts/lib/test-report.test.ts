import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failureToRead, readTestReport } from "./test-report.ts";

let folder: string;
const path = () => join(folder, "report.json");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-report-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a runner that died before it wrote its report is a failure", () => {
  expect(readTestReport(path()).failed).toHaveLength(1);
  writeFileSync(path(), '{"passed": 3, "fail');
  expect(readTestReport(path()).failed).toHaveLength(1);
});

test("a failure is told by its name and the first lines of what went wrong", () => {
  const failure = { name: "e2e/a.test.ts > adds", messages: ["Error: 1\n  is not\n  2", "and\nmore"] };
  expect(failureToRead(failure, 2).split("\n")).toEqual([
    "FAILED    e2e/a.test.ts > adds",
    "          Error: 1",
    "            is not",
    "          … 3 more lines",
  ]);
});
