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
  stream.on("test:stderr", ({ file, message }) => {
    said.set(file, ((said.get(file) ?? "") + message).slice(0, SAID_MAX));
  });
  stream.on("test:pass", (data) =>
    tell(data, data.skip === undefined && data.todo === undefined ? "passed" : "skipped"),
  );
  stream.on("test:fail", (data) => tell(data, data.todo === undefined ? "failed" : "skipped"));
  stream.once("end", () => process.disconnect?.());
  stream.resume();
});

/** What each file wrote to standard error: all that there is of one that does not load. */
const said = new Map<string, string>();
const SAID_MAX = 8_000;

interface Ended {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly details: { readonly duration_ms: number; readonly type?: string; readonly error?: Error };
}

/** A suite is told by its tests; one that fails by itself, or a file that does not load, is told as it is. */
function tell({ name, file, line, details }: Ended, state: TestOutcome["state"]): void {
  const reason = causeOf(details.error, file);
  if (details.type === "suite" && (state !== "failed" || /subtests? failed/.test(reason ?? ""))) return;
  const isFile = file === undefined || name === file;
  const outcome: TestOutcome = {
    name: isFile ? "the file loads" : name,
    file: file ?? name,
    line: line ?? null,
    state,
    tookMs: details.duration_ms,
    message: state === "failed" ? ((isFile ? loadingError(file ?? name) : undefined) ?? reason ?? "it failed") : null,
  };
  process.send?.(outcome);
}

/** Why a file does not load, in its own process's words from its line on, without the runtime's own. */
function loadingError(file: string): string | undefined {
  const lines = (said.get(file) ?? "")
    .split("\n")
    .filter((line) => !/^\s*$|^\s+at |^Node\.js v|^\s+code: |^}$/.test(line));
  const first = lines.findIndex((line) => line.includes(file));
  return lines.length === 0 ? undefined : lines.slice(Math.max(first, 0)).join("\n");
}

/** The error that the test threw, which the runner wraps, and the line of the test's file that threw it. */
function causeOf(error: Error | undefined, file: string | undefined): string | undefined {
  if (error === undefined) return undefined;
  const { cause } = error;
  if (typeof cause === "string") return cause;
  const thrown = cause instanceof Error ? cause : error;
  const line = thrown.stack
    ?.split("\n")
    .find((one) => file !== undefined && /^\s+at /.test(one) && one.includes(file))
    ?.match(/:(\d+):\d+\)?$/)?.[1];
  return line === undefined ? thrown.message : `${thrown.message.trimEnd()}\nat line ${line}`;
}
