import { readFileSync } from "node:fs";
import { relative } from "node:path";

/** What the tests came to: counts, and the name of each test that was not run. */
export interface TestReport {
  readonly passed: number;
  /** Failed tests; files that could not run at all count as one each. */
  readonly failed: number;
  /** `file > test` of each test that was skipped or is yet to be written. */
  readonly skipped: readonly string[];
}

/** The parts of Vitest's JSON report that are read here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Reads Vitest's report. A runner that died before it wrote one counts as one failure. */
export function readTestReport({ path, root }: { readonly path: string; readonly root: string }): TestReport {
  const report = readJson(path);
  if (report === undefined) return { passed: 0, failed: 1, skipped: [] };
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some(({ status: outcome }) => outcome === "failed"),
  );
  const skipped = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => `${relative(root, name)} > ${fullName}`),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length, skipped };
}

function readJson(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
}
