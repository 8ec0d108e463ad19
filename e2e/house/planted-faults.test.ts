import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { copyOfCheckout } from "../support/workshop.ts";

// Each rule of the house is broken once, in a copy of this checkout: the check's right step must fail and name the file.

let copy: string;

interface Checked {
  readonly code: number | null;
  readonly output: string;
}

function check(...steps: readonly string[]): Checked {
  const { status, stdout, stderr } = spawnSync(join(copy, "bin", "node"), ["scripts/check.ts", ...steps], {
    cwd: copy,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  return { code: status, output: stdout + stderr };
}

/** Runs the check while `file` has this text more at its end, or as its whole when it is new. */
function checkWith(file: string, planted: string, step: string): Checked {
  const path = join(copy, file);
  const before = readIfThere(path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${before ?? ""}${planted}`);
  try {
    return check(step);
  } finally {
    if (before === undefined) rmSync(path);
    else writeFileSync(path, before);
  }
}

/** Runs the check while `find` is replaced in a file. */
function checkAfter(
  { file, find, put }: { readonly file: string; readonly find: string; readonly put: string },
  run: () => Checked,
): Checked {
  const path = join(copy, file);
  const before = readFileSync(path, "utf8");
  if (!before.includes(find)) throw new Error(`${file} does not hold ${find}`);
  writeFileSync(path, before.replace(find, put));
  try {
    return run();
  } finally {
    writeFileSync(path, before);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const used = "packages/kernel/src/hash.ts";

describe.skipIf(inject("means").git === undefined)("the check", () => {
  beforeAll(() => {
    copy = copyOfCheckout();
  });

  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  test("the undisturbed copy passes", () => {
    const { code, output } = check();
    expect(output).toMatch(/^[1-9]\d* passed, 0 failed$/m);
    expect(code).toBe(0);
  });

  test.each([
    ["a type error", "types", used, "const wrong: number = 'text';\nvoid wrong;\n", "TS2322"],
    ["a floating promise", "lint", used, "Promise.resolve(1);\n", "no-floating-promises"],
    ["a promise where none is awaited", "lint", used, "[1].forEach(async () => {});\n", "no-misused-promises"],
    ["any", "lint", used, "const loose: any = 1;\nvoid loose;\n", "no-explicit-any"],
    ["a non-null assertion", "lint", used, "void [1].at(0)!.toFixed();\n", "no-non-null-assertion"],
    ["any in a test", "lint", "packages/kernel/test/planted.test.ts", "void (1 as any);\n", "no-explicit-any"],
    ["bad format", "format", used, "const  spaced =   1;\nvoid spaced\n", ""],
    ["an unused export", "dead code", used, "export const nobodyAsks = 1;\n", "nobodyAsks"],
    ["an unused exported type", "dead code", used, "export type NobodyAsks = string;\n", "NobodyAsks"],
    ["an unused file", "dead code", "packages/kernel/src/planted.ts", "export const lonely = 1;\n", "Unused files"],
    ["an undeclared package higher up", "floors", used, 'import "@millwright/platform";\n', "@millwright/platform"],
    ["an import that rises in a type", "floors", used, 'type A = import("millwright").A;\n', "imports millwright"],
    [
      "an undeclared package of ours",
      "floors",
      "packages/ingestion/src/index.ts",
      'import "@millwright/platform";\n',
      "declare",
    ],
    ["an undeclared third-party package", "floors", used, 'import "kysely";\n', "imports kysely, which its"],
    ["a development tool outside tests", "floors", used, 'import "vitest";\n', "imports vitest, which its"],
    [
      "a reach into another package",
      "floors",
      used,
      'import "../../client/src/index.ts";\n',
      "reaches out of its folder",
    ],
    [
      "a reach out of a test",
      "floors",
      "packages/kernel/test/planted.ts",
      'import "../../../e2e/a.ts";\n',
      "reaches out",
    ],
    [
      "an inner part of another package",
      "floors",
      "packages/ingestion/src/index.ts",
      'import "@millwright/lakehouse/adapters/x";\n',
      "an inner part",
    ],
    [
      "a package of ours in e2e",
      "floors",
      "e2e/planted.ts",
      'import "@millwright/kernel";\n',
      "imports @millwright/kernel",
    ],
    [
      "an error that nobody can look up",
      "generated files",
      "packages/kernel/src/planted.ts",
      'import { defineErrors } from "./errors.ts";\nexport const lost = defineErrors("lost", {});\n',
      "the errors of lost are not exported",
    ],
    ["a generated file changed by hand", "generated files", "docs/reference/errors.md", "By hand.\n", "is stale"],
  ])("%s: the step %s fails and names the file", (_what, step, file, planted, told) => {
    const { code, output } = checkWith(file, planted, step);
    expect(output).toContain(`FAILED  ${step}`);
    expect(output).toContain(file);
    expect(output).toContain(told);
    expect(output).toMatch(/^0 passed, 1 failed$/m);
    expect(code).toBe(1);
  });

  test("an error whose text is not in the reference makes it stale", () => {
    const { output } = checkAfter(
      { file: "packages/kernel/src/errors.ts", find: '"Millwright has a defect"', put: '"It broke"' },
      () => check("generated files"),
    );
    expect(output).toContain("docs/reference/errors.md is stale");
  });

  test("an import of a higher floor is a fault although it is declared", () => {
    const { code, output } = checkAfter(
      { file: "packages/kernel/package.json", find: '"typebox":', put: '"@millwright/platform": "0.1.0", "typebox":' },
      () => checkWith(used, 'import "@millwright/platform";\n', "floors"),
    );
    expect(output).toMatch(
      /packages\/kernel\/src\/hash\.ts:\d+: is on floor 0 and imports @millwright\/platform on floor 1/,
    );
    expect(code).toBe(1);
  });

  test("a step of another name is refused", () => {
    expect(check("spelling")).toEqual({
      code: 2,
      output: expect.stringContaining("there is no step spelling") as string,
    });
  });
});
