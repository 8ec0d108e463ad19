import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { copyOfCheckout } from "../support/workshop.ts";

// Each rule of the house is broken once, in a copy of this checkout and each in a file of its own: the check's right step
// must fail and name the file. A step is run once for all that is planted for it.

let copy: string;

interface Checked {
  readonly code: number | null;
  readonly output: string;
}

interface Planted {
  readonly file: string;
  readonly text: string;
}

function check(...steps: readonly string[]): Checked {
  const { status, stdout, stderr } = spawnSync(join(copy, "bin", "node"), ["scripts/check.ts", ...steps], {
    cwd: copy,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  return { code: status, output: stdout + stderr };
}

/** Runs a step of the check while each file has some text more at its end, or as its whole when it is new. */
function checkWith(planted: readonly Planted[], step: string): Checked {
  const [first, ...others] = planted;
  if (first === undefined) return check(step);
  const path = join(copy, first.file);
  const before = readIfThere(path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${before ?? ""}${first.text}`);
  try {
    return checkWith(others, step);
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

/** By the step that must find it: what it is, where it is planted, and what is told of it. */
const FAULTS: Readonly<Record<string, readonly (readonly [what: string, planted: Planted, told: string])[]>> = {
  types: [["a type error", inKernel("const wrong: number = 'text';\nvoid wrong;\n"), "TS2322"]],
  lint: [
    ["a floating promise", inKernel("Promise.resolve(1);\n"), "no-floating-promises"],
    ["a promise where none is awaited", inKernel("[1].forEach(async () => {});\n"), "no-misused-promises"],
    ["any", inKernel("const loose: any = 1;\nvoid loose;\n"), "no-explicit-any"],
    ["a non-null assertion", inKernel("void [1].at(0)!.toFixed();\n"), "no-non-null-assertion"],
    [
      "any in a test",
      { file: "packages/kernel/test/planted.test.ts", text: "void (1 as any);\n" },
      "packages/kernel/test/planted.test.ts",
    ],
  ],
  format: [["bad format", inKernel("const  spaced =   1;\nvoid spaced\n"), ""]],
  "dead code": [
    ["an unused export", { file: "packages/kernel/src/hash.ts", text: "export const nobodyAsks = 1;\n" }, "nobodyAsks"],
    [
      "an unused exported type",
      { file: "packages/kernel/src/ids.ts", text: "export type NobodyNames = string;\n" },
      "NobodyNames",
    ],
    ["an unused file", inKernel("export const lonely = 1;\n"), "Unused files"],
  ],
  floors: [
    [
      "an undeclared package higher up",
      inKernel('import "@millwright/platform";\n'),
      "imports @millwright/platform, which its",
    ],
    ["an import that rises in a type", inKernel('type A = import("millwright").A;\n'), "imports millwright"],
    [
      "an undeclared package of ours",
      { file: "packages/ingestion/src/index.ts", text: 'import "@millwright/platform";\n' },
      "declare",
    ],
    ["an undeclared third-party package", inKernel('import "kysely";\n'), "imports kysely, which its"],
    ["a development tool outside tests", inKernel('import "vitest";\n'), "imports vitest, which its"],
    ["a reach into another package", inKernel('import "../../client/src/index.ts";\n'), "reaches out of its folder"],
    [
      "a reach out of a test",
      { file: "packages/kernel/test/planted.ts", text: 'import "../../../e2e/a.ts";\n' },
      "reaches out",
    ],
    [
      "an inner part of another package",
      { file: "packages/validation/src/index.ts", text: 'import "@millwright/lakehouse/adapters/x";\n' },
      "an inner part",
    ],
    [
      "a package of ours in e2e",
      { file: "e2e/planted.ts", text: 'import "@millwright/kernel";\n' },
      "imports @millwright/kernel",
    ],
  ],
};

/** A new file of the kernel. */
function inKernel(text: string): Planted {
  const words = text.match(/[a-z]+/gi) ?? [];
  return { file: `packages/kernel/src/planted-${words.join("-").toLowerCase().slice(0, 40)}.ts`, text };
}

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

  describe.each(Object.entries(FAULTS))("its step %s fails and names the file of", (step, faults) => {
    let checked: Checked;

    beforeAll(() => {
      checked = checkWith(
        faults.map(([, planted]) => planted),
        step,
      );
    });

    test.each(faults)("%s", (_what, { file }, told) => {
      const { code, output } = checked;
      expect(output).toContain(`FAILED  ${step}`);
      expect(output).toContain(file);
      expect(output).toContain(told);
      expect(output).toMatch(/^0 passed, 1 failed$/m);
      expect(code).toBe(1);
    });
  });

  test.each([
    [
      "an error that nobody can look up",
      {
        file: "packages/kernel/src/planted.ts",
        text: 'import { defineErrors } from "./errors.ts";\nexport const lost = defineErrors("lost", {});\n',
      },
      "the errors of lost are not exported",
    ],
    ["a generated file changed by hand", { file: "docs/reference/errors.md", text: "By hand.\n" }, "is stale"],
  ])("%s: the step generated files fails and names the file", (_what, planted, told) => {
    const { code, output } = checkWith([planted], "generated files");
    expect(output).toContain("FAILED  generated files");
    expect(output).toContain(planted.file);
    expect(output).toContain(told);
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
      () => checkWith([{ file: "packages/kernel/src/hash.ts", text: 'import "@millwright/platform";\n' }], "floors"),
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
