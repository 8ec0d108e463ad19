/** What the process that runs a project's test files is asked. Paths are absolute. */
export interface TestsRequest {
  readonly files: readonly string[];
  readonly timeoutMs: number;
}

/** One test as it ended. */
export interface TestOutcome {
  readonly name: string;
  readonly file: string;
  readonly line: number | null;
  readonly state: "passed" | "failed" | "skipped";
  readonly tookMs: number;
  /** Why it failed. */
  readonly message: string | null;
}

/** The variables by which a test file finds the state that it is to be tested against. */
export const TEST_VARIABLES = {
  control: "MILL_TEST_CONTROL_URL",
  serving: "MILL_TEST_SERVING_URL",
  millwright: "MILL_TEST_MILLWRIGHT_URL",
} as const;
