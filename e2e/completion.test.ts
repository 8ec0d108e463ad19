import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { mill } from "./support/project.ts";

const bin = join(import.meta.dirname, "..", "bin");
const projectDir = mkdtempSync(join(tmpdir(), "mill-completion-"));
writeFileSync(join(projectDir, "millwright.ts"), "");
mkdirSync(join(projectDir, ".mill", "generated"), { recursive: true });
writeFileSync(
  join(projectDir, ".mill", "generated", "names.json"),
  JSON.stringify({ table: ["departures", "airports"], model: ["late-flights"], service: ["late-flights"] }),
);
afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

const environment = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
const shell = (program: string, args: readonly string[]) =>
  spawnSync(program, args, { cwd: projectDir, env: environment, encoding: "utf8" });

/** What bash itself offers for a line, through the script that `mill completion bash` prints. */
function inBash(line: string): readonly string[] {
  const words = line.split(" ");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `source <(mill completion bash 2>/dev/null); spec=$(complete -p mill); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; \${spec:+_mill_complete} mill; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = shell("bash", ["--norc", "-c", script]);
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

const cases: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["mill ta", ["table"]],
  ["mill table sh", ["show"]],
  ["mill table show dep", ["departures"]],
  ["mill table show ", ["airports", "departures"]],
  ["mill --json table show air", ["airports"]],
  ["mill predict ", ["late-flights"]],
  ["mill types --serv", ["--service"]],
  ["mill types --service ", ["late-flights"]],
  ["mill completion ", ["bash", "fish", "zsh"]],
  ["mill schema table sh", ["show"]],
  ["mill table show departures ", []],
];

test.each(cases)("bash completes %j", (line, offered) => {
  expect(inBash(line)).toEqual(offered);
});

test("every command's first word is offered, once", () => {
  const first = inBash("mill ");
  const listed = Array.from(mill(["--help"]).stdout.matchAll(/^ {2}mill ([a-z]+)/gm), ([, name = ""]) => name);
  expect(first).toEqual([...new Set(listed)].toSorted());
});

describe.skipIf(inject("means").zsh === undefined)("zsh", () => {
  test.each(cases.filter(([, offered]) => offered.length > 0))("completes %j", (line, offered) => {
    const words = line.split(" ");
    const quoted = words.map((word) => `'${word}'`).join(" ");
    // compadd works inside completion alone: here it prints what it is given.
    const script = `compdef() { : }; compadd() { shift; print -l -- \${(P)1} }; eval "$(mill completion zsh 2>/dev/null)"; words=(${quoted}); CURRENT=${words.length}; _mill_complete`;
    const { stdout, stderr } = shell("zsh", ["-f", "-c", script]);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual(offered);
  });
});

describe.skipIf(inject("means").fish === undefined)("fish", () => {
  test.each(cases.filter(([, offered]) => offered.length > 0))("completes %j", (line, offered) => {
    const script = `mill completion fish 2>/dev/null | source; complete -C '${line}'`;
    const { stdout } = shell("fish", ["--no-config", "-c", script]);
    expect(stdout.trim().split("\n").toSorted()).toEqual(offered);
  });
});

test("a shell that has none is told which have one", () => {
  expect(mill(["completion", "tcsh"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("bash, for zsh") as string,
  });
});
