import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mill, millJson } from "../support/project.ts";

const read = (...path: readonly string[]) => readFileSync(join(import.meta.dirname, "..", "..", ...path), "utf8");
const reference = read("docs", "reference", "errors.md");

test("`mill explain` knows exactly the codes of the error reference", () => {
  const documented = [...reference.matchAll(/^### (\S+)$/gm)].map(([, code = ""]) => code);
  const known = (millJson(["explain"]) as { code: string }[]).map(({ code }) => code);
  expect(documented.length).toBeGreaterThan(30);
  expect(known.toSorted()).toEqual(documented.toSorted());
});

test("what is told before the runtime starts can be looked up too", () => {
  const told = new Set(Array.from(read("bin", "node").matchAll(/mill: (\S+\/\S+):/g), ([, code]) => code));
  expect(told.size).toBe(2);
  for (const code of told) expect(reference).toContain(`### ${code}\n`);
});

test.each(["docs/reference/errors.md", "README.md", "CONTRIBUTING.md"])(
  "%s names only commands that there are",
  (path) => {
    const commands = Array.from(mill(["--help"]).stdout.matchAll(/^ {2}mill ([a-z]+)/gm), ([, name = ""]) => name);
    const named = Array.from(read(path).matchAll(/`(?:bin\/)?mill ([a-z]+)/g), ([, name = ""]) => name);
    expect(commands.length).toBeGreaterThan(10);
    expect(named.filter((name) => !commands.includes(name))).toEqual([]);
  },
);

test("`mill explain CODE` says the remedy that the reference says", () => {
  const { title, remedy } = millJson(["explain", "kernel/invalid"]) as { title: string; remedy: string };
  expect(reference).toContain(`### kernel/invalid\n\n${title} (HTTP 400).\n\n**Remedy.** ${remedy}`);
  expect(mill(["explain", "kernel/invalid"]).stdout).toContain(remedy);
});

test("a code that no error has is refused", () => {
  const { code, stderr } = mill(["explain", "kernel/no-such-error"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^platform\/unknown-code/m);
});
