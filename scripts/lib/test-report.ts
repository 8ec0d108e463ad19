import { readFileSync } from "node:fs";

/** What the tests came to. A test's name is `file > test`. */
export interface TestReport {
  readonly passed: number;
  readonly failed: readonly Failure[];
  /** The name of each test that was skipped or is yet to be written. */
  readonly skipped: readonly string[];
  /** With what goes before and after their tests. */
  readonly files: readonly { readonly name: string; readonly seconds: number }[];
}

/** A failed test, or a group or file of which what goes before or after its tests failed. */
export interface Failure {
  readonly name: string;
  readonly messages: readonly string[];
}

/** Reads what `TestReporter` has left. A runner that died before it did counts as one failure. */
export function readTestReport(path: string): TestReport {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as TestReport;
  } catch {
    return { passed: 0, failed: [{ name: "vitest", messages: ["it left no report"] }], skipped: [], files: [] };
  }
}

/** A failure for a terminal: with the first lines of what went wrong. */
export function failureToRead({ name, messages }: Failure, linesMax = 20): string {
  const lines = messages.join("\n").split("\n");
  const left = lines.length > linesMax ? [`… ${lines.length - linesMax} more lines`] : [];
  return [`FAILED    ${name}`, ...lines.slice(0, linesMax), ...left].join("\n          ");
}
