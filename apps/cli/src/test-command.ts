import { Type } from "@millwright/kernel";
import type { RunReport, TaskReport } from "@millwright/orchestration";
import { platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { runTestFiles, testFiles, type TestOutcome } from "@millwright/project";
import { installation, withThrowaway } from "@millwright/server";
import type { Static } from "typebox";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { projectDirOf } from "./hold-project.ts";

const TestSchema = Type.Object({
  kind: Type.String({ description: "step: of the road, its data tests and checks among them; test: of tests/." }),
  name: Type.String(),
  file: Type.Union([Type.String(), Type.Null()]),
  line: Type.Union([Type.Integer(), Type.Null()]),
  state: Type.String({ description: "passed, failed or skipped." }),
  tookMs: Type.Number(),
  message: Type.Union([Type.String(), Type.Null()], { description: "Why it failed, or what it warns of." }),
});

type Told = Static<typeof TestSchema>;

/** `mill test`: the road on throwaway state, then the project's own tests against it. */
export const test: Command = {
  name: "test",
  summary:
    "the project's own tests: its road and checks on a sample, then tests/*.test.ts, on state that is thrown away",
  arguments: [],
  options: {
    rows: { value: "NUMBER", summary: "rows taken of each source that has no file in tests/fixtures (5000)" },
    timeout: { value: "SECONDS", summary: "after which a test file fails (60)" },
  },
  example: "mill test --project examples/shop",
  output: Type.Object({
    state: Type.String({ description: "passed or failed." }),
    passed: Type.Integer(),
    failed: Type.Integer(),
    skipped: Type.Integer(),
    tookMs: Type.Number(),
    tests: Type.Array(TestSchema),
  }),
  handler: (call) => interruptible((signal) => runTests(call, signal)),
};

async function runTests(call: CommandCall, signal: AbortSignal): Promise<number> {
  const projectDir = await projectDirOf(call);
  const sampleRows = numberOf(call, { option: "rows", unless: 5_000 });
  const timeoutMs = numberOf(call, { option: "timeout", unless: 60 }) * 1_000;
  const startedMs = performance.now();
  let step = "the road";
  call.out.working(() => `taking ${step} on a sample`);
  const onTask = (task: TaskReport) => (step = task.id);
  const tests = await withThrowaway(
    { projectDir, sampleRows, signal, onTask },
    async ({ report, controlUrl, servingUrl }) => {
      const files = await testFiles(projectDir);
      call.out.working(() => `running ${files.length} test ${files.length === 1 ? "file" : "files"}`);
      const { millwrightUrl } = installation();
      const outcomes = signal.aborted
        ? []
        : await runTestFiles({ projectDir, controlUrl, servingUrl, millwrightUrl, timeoutMs, signal }, () => {});
      return [...stepsOf(report), ...outcomes.map(toldTest)];
    },
  ).finally(() => call.out.working(undefined));
  if (signal.aborted) return INTERRUPTED;
  const count = (state: string) => tests.filter((one) => one.state === state).length;
  const failed = count("failed");
  const summary = {
    state: failed === 0 ? "passed" : "failed",
    passed: count("passed"),
    failed,
    skipped: count("skipped"),
    tookMs: Math.round(performance.now() - startedMs),
    tests,
  };
  call.out.result(summary, asText);
  return failed === 0 ? 0 : 1;
}

function numberOf(
  { options }: CommandCall,
  { option, unless }: { readonly option: string; readonly unless: number },
): number {
  const text = options[option];
  if (text === undefined) return unless;
  if (typeof text === "string" && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw platformErrors.create("platform/usage", {
    because: `--${option}: ${JSON.stringify(text)} is no whole number above 0`,
    remedy: `Give one: \`mill test --${option} ${unless}\`.`,
  });
}

/** The steps that test something, and whichever failed. */
function stepsOf({ tasks }: RunReport): readonly Told[] {
  return tasks
    .filter(({ kind, state }) => kind === "checks" || state === "failed")
    .map(({ name, state, tookMs, error, message }) => ({
      kind: "step",
      name,
      file: null,
      line: null,
      state: state === "failed" ? "failed" : state === "done" || state === "warned" ? "passed" : "skipped",
      tookMs: tookMs ?? 0,
      message:
        error === null ? (state === "warned" ? `warning: ${message ?? ""}` : null) : `${error.title}: ${error.detail}`,
    }));
}

function toldTest(outcome: TestOutcome): Told {
  return { kind: "test", ...outcome };
}

/** As the Test Anything Protocol writes it, with what failed below its line. */
function asText({
  tests,
  passed,
  failed,
  skipped,
  tookMs,
}: {
  readonly tests: readonly Told[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly tookMs: number;
}): string {
  const lines = tests.map(({ name, state, file, line, message }, place) => {
    const where = file === null ? "" : ` # ${file}${line === null ? "" : `:${line}`}`;
    const told = `${state === "failed" ? "not ok" : "ok"} ${place + 1} - ${name}${state === "skipped" ? " # SKIP" : where}`;
    return message === null
      ? told
      : `${told}\n${message
          .split("\n")
          .map((text) => `    ${text}`)
          .join("\n")}`;
  });
  const counts = `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
  return [...lines, `1..${tests.length}`, `${counts} in ${(tookMs / 1_000).toFixed(1)} s`].join("\n");
}
