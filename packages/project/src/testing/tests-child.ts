import { run } from "node:test";
import type { TestOutcome, TestsRequest } from "./protocol.ts";

// A process of its own runs a project's test files, each again in its own, and tells of every test as it ends.
process.once("message", ({ files, timeoutMs }: TestsRequest) => {
  const stream = run({
    files: [...files],
    concurrency: false,
    timeout: timeoutMs,
    execArgv: [
      "--disable-warning=ExperimentalWarning",
      "--import",
      new URL("./test-file-child.ts", import.meta.url).href,
    ],
  });
  stream.on("test:pass", (data) =>
    tell(data, data.skip === undefined && data.todo === undefined ? "passed" : "skipped"),
  );
  stream.on("test:fail", (data) => tell(data, data.todo === undefined ? "failed" : "skipped"));
  stream.once("end", () => process.disconnect?.());
  stream.resume();
});

interface Ended {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly details: { readonly duration_ms: number; readonly type?: string; readonly error?: Error };
}

/** A suite is told by its tests; one that fails by itself, or a file that does not load, is told as it is. */
function tell({ name, file, line, details }: Ended, state: TestOutcome["state"]): void {
  const reason = causeOf(details.error);
  if (details.type === "suite" && (state !== "failed" || /subtests? failed/.test(reason ?? ""))) return;
  const outcome: TestOutcome = {
    name,
    file: file ?? name,
    line: line ?? null,
    state,
    tookMs: details.duration_ms,
    message: state === "failed" ? (reason ?? "it failed") : null,
  };
  process.send?.(outcome);
}

/** The error that the test threw, which the runner wraps. */
function causeOf(error: Error | undefined): string | undefined {
  if (error === undefined) return undefined;
  const { cause } = error;
  const thrown = cause instanceof Error ? cause : error;
  return typeof cause === "string" ? cause : thrown.message;
}
