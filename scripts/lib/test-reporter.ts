import { writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { SerializedError, TestError, UserConsoleLog } from "vitest";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { failureToRead, type Failure, type TestReport } from "./test-report.ts";

/** Says a line of each file as it ends and what failed in it, and writes the whole as `TestReport` to $MILL_TEST_REPORT. */
export default class TestReporter implements Reporter {
  onUserConsoleLog({ content }: UserConsoleLog): void {
    process.stdout.write(content);
  }

  onTestModuleEnd(module: TestModule): void {
    const failures = failuresOf(module);
    const seconds = secondsOf(module).toFixed(1).padStart(7);
    const tests = Array.from(module.children.allTests()).length;
    console.log(`${failures.length === 0 ? "ok    " : "FAILED"}  ${seconds} s  ${module.relativeModuleId} (${tests})`);
    for (const failure of failures) console.log(failureToRead(failure));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const path = process.env["MILL_TEST_REPORT"];
    const tests = modules.flatMap((module) => Array.from(module.children.allTests()));
    const stray = unhandled.map((error) => ({ name: "outside of any test", messages: [messageOf(error)] }));
    for (const failure of stray) console.log(failureToRead(failure));
    const report: TestReport = {
      passed: tests.filter((test) => test.result().state === "passed").length,
      failed: [...modules.flatMap(failuresOf), ...stray],
      skipped: tests.filter((test) => test.result().state === "skipped").map(nameOf),
      files: modules.map((module) => ({ name: module.relativeModuleId, seconds: secondsOf(module) })),
    };
    if (path !== undefined) writeFileSync(path, JSON.stringify(report));
  }
}

function secondsOf(module: TestModule): number {
  const { collectDuration, duration } = module.diagnostic();
  return (collectDuration + duration) / 1_000;
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

function failuresOf(module: TestModule): readonly Failure[] {
  const file = module.relativeModuleId;
  const failure = (name: string, errors: readonly (SerializedError | TestError)[]) =>
    errors.length === 0 ? [] : [{ name, messages: errors.map(messageOf) }];
  const tests = Array.from(module.children.allTests("failed"), (test) =>
    failure(nameOf(test), test.result().errors ?? []),
  );
  const suites = Array.from(module.children.allSuites(), (suite) =>
    failure(`${file} > ${suite.fullName}`, suite.errors()),
  );
  return [...failure(file, module.errors()), ...suites.flat(), ...tests.flat()];
}

/** What it was, what differs, and where: without the colours. */
function messageOf({ name, message, diff, stack }: SerializedError | TestError): string {
  const places = (stack ?? "").split("\n").filter((line) => /^\s+at .*\.test\.ts/.test(line));
  const told = [`${name ?? "Error"}: ${message}`, ...(typeof diff === "string" ? [diff] : []), ...places.slice(0, 2)];
  return stripVTControlCharacters(told.join("\n"));
}
