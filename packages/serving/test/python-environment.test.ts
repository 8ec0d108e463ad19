import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { ownInterpreter } from "../src/python/model-environment.ts";
import { pythonEnvironment, type PythonEnvironmentOptions } from "../src/adapters/python-environment.ts";

// Environments made of requirements, by programs of the test's own in place of Python and uv.

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mill-environment-"));
  mkdirSync(join(root, "bin"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes down what it is asked; `venv` makes a folder with itself as interpreter, and installing fails while there is a file `fail`. */
const PROGRAM = (name: string) => `#!/bin/sh
echo "${name} $*" >> "${root}/said"
case "$*" in
  *"pip install"*)
    echo "Collecting something"
    if [ -e "${root}/fail" ]; then echo "ERROR: No matching distribution found for nothing==9" >&2; exit 1; fi ;;
  *venv*)
    for last; do :; done
    mkdir -p "$last/bin"
    cp "$0" "$last/bin/python" ;;
esac
`;

function program(name: string): void {
  const file = join(root, "bin", name);
  writeFileSync(file, PROGRAM(name));
  chmodSync(file, 0o755);
}

const environment = (options: Partial<PythonEnvironmentOptions> = {}) =>
  pythonEnvironment({ folder: join(root, "kept"), path: `${join(root, "bin")}:/usr/bin:/bin`, ...options });

const said = () =>
  existsSync(join(root, "said"))
    ? readFileSync(join(root, "said"), "utf8")
        .trim()
        .split("\n")
        .map((line) => line.replaceAll(root, ""))
    : [];

const made = () => readdirSync(join(root, "kept")).filter((name) => !name.endsWith(".json"));

describe("an environment of requirements", () => {
  test("is made once for all who ask, and found again", async () => {
    program("python3");
    const told: string[] = [];
    const one = environment({ requirements: ["left-pad==1"], onProgress: (message) => told.push(message) });
    expect(await one.describe()).toMatch(/to be made/);
    const [first, second] = await Promise.all([one.interpreter(), one.interpreter()]);
    expect(second).toBe(first);
    expect(said().map((line) => line.split(" ").slice(0, 4).join(" "))).toEqual([
      expect.stringMatching(/^python3 -m venv/),
      expect.stringMatching(/^python3 -m pip install/),
    ]);
    expect(told.join("\n")).toMatch(/python3 -m venv[^]*pip install[^]*Collecting something/);
    expect(await environment({ requirements: ["left-pad==1"] }).interpreter()).toBe(first);
    expect(await one.describe()).toBe(first);
    expect([said().length, made().length]).toEqual([2, 1]);
  });

  test("is another for other requirements, of an included file too, and another version of Python", async () => {
    for (const name of ["python3", "python3.9"]) program(name);
    const file = join(root, "requirements.txt");
    writeFileSync(file, "-r more.txt\nleft-pad\n");
    writeFileSync(join(root, "more.txt"), "numpy<3\n");
    const first = await environment({ requirements: { file } }).interpreter();
    expect(await environment({ requirements: { file } }).interpreter()).toBe(first);
    writeFileSync(join(root, "more.txt"), "numpy<4\n");
    const second = await environment({ requirements: { file } }).interpreter();
    const third = await environment({ requirements: { file }, version: "3.9" }).interpreter();
    expect(new Set([first, second, third]).size).toBe(3);
    expect(said().some((line) => line.startsWith("python3.9 -m venv"))).toBe(true);
  });

  test("is another one once the file of its requirements is another, for who asks then", async () => {
    program("python3");
    const file = join(root, "requirements.txt");
    writeFileSync(file, "left-pad==1\n");
    const one = environment({ requirements: { file } });
    const first = await one.interpreter();
    writeFileSync(file, "left-pad==2\n");
    const second = await one.interpreter();
    expect([second === first, await one.interpreter(), made().length]).toEqual([false, second, 2]);
  });

  test("is made by uv where it is there", async () => {
    for (const name of ["python3", "uv"]) program(name);
    await environment({ requirements: ["left-pad"], version: "3.12" }).interpreter();
    expect(said()).toEqual([
      expect.stringMatching(/^uv venv --quiet --python 3\.12 \/kept\//),
      expect.stringMatching(/^uv pip install --python \/kept\/.*\/bin\/python -r \/kept\/.*\.txt numpy$/),
    ]);
  });

  test("that cannot be made says why, leaves nothing, and is tried again by the next who asks", async () => {
    program("python3");
    writeFileSync(join(root, "fail"), "");
    const one = environment({ requirements: ["nothing==9"] });
    await expect(one.interpreter()).rejects.toMatchObject({
      code: "inference/no-python",
      because: expect.stringMatching(/No matching distribution found for nothing==9/) as string,
    });
    expect(readdirSync(join(root, "kept"))).toEqual([]);
    rmSync(join(root, "fail"));
    expect(existsSync(await one.interpreter())).toBe(true);
  });

  test("half of which was made by a process that is no more is cleared away, not used", async () => {
    program("python3");
    const dead = execFileSync("/bin/sh", ["-c", "echo $$"], { encoding: "utf8" }).trim();
    const half = `0123456789abcdef-${dead}-01234567`;
    mkdirSync(join(root, "kept", half, "bin"), { recursive: true });
    await environment({ requirements: ["left-pad"] }).interpreter();
    expect(made()).not.toContain(half);
    expect(made()).toHaveLength(1);
  });

  test("not used for thirty days is cleared away when another one is made, one that is used stays", async () => {
    program("python3");
    const old = await environment({ requirements: ["left-pad==1"] }).interpreter();
    const used = await environment({ requirements: ["left-pad==2"] }).interpreter();
    for (const name of readdirSync(join(root, "kept")).filter((name) => name.endsWith(".json")))
      utimesSync(join(root, "kept", name), new Date(), new Date(Date.now() - 31 * 86_400_000));
    expect(await environment({ requirements: ["left-pad==2"] }).interpreter()).toBe(used);
    const told: string[] = [];
    await environment({ requirements: ["left-pad==3"], onProgress: (message) => told.push(message) }).interpreter();
    expect(told.join("\n")).toMatch(/1 not used for 30 days removed/);
    expect([existsSync(old), existsSync(used), made().length]).toEqual([false, true, 2]);
  });

  test("without a file of its requirements is refused", async () => {
    program("python3");
    const file = join(root, "none.txt");
    await expect(environment({ requirements: { file } }).interpreter()).rejects.toThrow(
      /cannot be read from .*none\.txt/,
    );
  });
});

describe("an interpreter that is there", () => {
  test("is the one that is named, as a file, an environment's folder or a program, else the first on PATH", async () => {
    for (const name of ["python3", "python3.9"]) program(name);
    const [file, folder] = [join(root, "bin", "python3.9"), join(root, "own")];
    mkdirSync(join(folder, "bin"), { recursive: true });
    writeFileSync(join(folder, "bin", "python"), "", { mode: 0o755 });
    expect(await environment({ python: file }).interpreter()).toBe(file);
    expect(await environment({ python: folder }).interpreter()).toBe(join(folder, "bin", "python"));
    expect(await environment({ python: "python3.9" }).interpreter()).toBe(file);
    expect(await environment().interpreter()).toBe(join(root, "bin", "python3"));
  });

  test.each([
    [{ python: "./not/there" }, /there is nothing at/],
    [{ python: "python9" }, /no python9 on PATH/],
    [{ path: "" }, /no python3 or python on PATH/],
  ])("is refused where it is not: %j", async (options, why) => {
    await expect(environment(options).interpreter()).rejects.toThrow(why);
  });
});

describe("an environment that a model's configuration names", () => {
  const file = () => join(root, "models", "own", "1", "model.py");
  const of = (path: string) => ownInterpreter(file(), { parameters: { EXECUTION_ENV_PATH: { string_value: path } } });

  beforeEach(() => {
    for (const place of ["models/own/env", "models/other/env"]) {
      mkdirSync(join(root, place, "bin"), { recursive: true });
      writeFileSync(join(root, place, "bin", "python"), "", { mode: 0o755 });
    }
    mkdirSync(join(root, "models", "own", "1"));
    symlinkSync(join(root, "models", "other"), join(root, "models", "own", "elsewhere"));
  });

  test("lies in the model's folder, by its path from there or Triton's name for that", async () => {
    const found = join(realpathSync(root), "models", "own", "env", "bin", "python");
    expect(await of("env")).toBe(found);
    expect(await of("$$TRITON_MODEL_DIRECTORY/env")).toBe(found);
    expect(await of(join(root, "models", "own", "env"))).toBe(found);
    expect(await ownInterpreter(file(), {})).toBeUndefined();
  });

  test.each(["../other/env", "elsewhere/env", "/usr", "$$TRITON_MODEL_DIRECTORY/../other/env", "env/../../other/env"])(
    "is refused where it is not: %s",
    async (path) => {
      await expect(of(path)).rejects.toThrow(/is not in the model's folder/);
    },
  );

  test("is refused where it is packed, or none", async () => {
    await expect(of("env.tar.gz")).rejects.toThrow(/is packed/);
    await expect(of("1")).rejects.toThrow(/is no program/);
    await expect(of("nothing")).rejects.toThrow(/there is nothing at|is not in/);
  });
});

// It asks the package index.
test.skipIf(!inject("full") || inject("means").python === undefined)("Python itself makes one", async () => {
  const path = process.env["PATH"] ?? "";
  const python = await environment({ requirements: ["six==1.17.0"], path }).interpreter();
  expect(execFileSync(python, ["-c", "import six, numpy; print(six.__version__)"], { encoding: "utf8" }).trim()).toBe(
    "1.17.0",
  );
});
