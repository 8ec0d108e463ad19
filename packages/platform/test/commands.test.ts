import { defineErrors, Type } from "@millwright/kernel";
import { describe, expect, test } from "vitest";
import { explainError, runCommands, toJson, type CommandCall, type CommandEntry, type Command } from "../src/index.ts";

const shopErrors = defineErrors("shop", {
  "shop/closed": { status: 503, exit: 4, title: "The shop is closed", remedy: "Come back at nine." },
  "shop/torn": { status: 400, title: "The list is torn", remedy: "Write it anew." },
});

const command = (name: string, handler: Command["handler"], parts: Partial<Command> = {}): CommandEntry => {
  const whole: Command = {
    name,
    summary: `what ${name} does`,
    arguments: [],
    options: {},
    example: `mill ${name}`,
    output: Type.Unknown(),
    handler,
    ...parts,
  };
  return { ...whole, load: () => Promise.resolve(whole) };
};

/** Runs the program with one shop of commands and keeps what it says; `calls` is what reached a handler. */
async function shop(...argv: readonly string[]) {
  const calls: CommandCall[] = [];
  let stdout = "";
  let stderr = "";
  const keep = (call: CommandCall) => {
    calls.push(call);
    return Promise.resolve(undefined);
  };
  const fail = (error: Error) => () => Promise.reject(error);
  const code = await runCommands({
    commands: [
      command("buy", keep, {
        arguments: ["THING", "[COUNT]"],
        options: { price: { value: "EUROS", summary: "at the most" }, gift: { summary: "wrap it" } },
        example: "mill buy apples 3 --price 2",
      }),
      command("list", keep),
      command("list all", ({ out }) => {
        out.note("looking");
        out.record({ line: 1 }, ({ line }) => `line ${line}`);
        out.result({ things: 2n ** 60n }, ({ things }) => `${things} things`);
        return Promise.resolve(1);
      }),
      command("closed", fail(shopErrors.create("shop/closed", { because: "it is eight" }))),
      command(
        "torn",
        fail(shopErrors.create("shop/torn", { because: "half is gone", where: { file: "list.txt", line: 3 } })),
      ),
      command("broken", fail(new TypeError("secret is not a function"))),
    ],
    argv,
    version: "1.2.3",
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
  });
  return { code, stdout, stderr, calls };
}

const said = { stdout: "", stderr: "", calls: [] };

describe("without a command", () => {
  test("--version answers the version, and as JSON", async () => {
    expect(await shop("--version")).toEqual({ ...said, code: 0, stdout: "1.2.3\n" });
    const { code, stdout } = await shop("--version", "--json");
    expect({ code, answer: JSON.parse(stdout) as unknown }).toEqual({ code: 0, answer: { version: "1.2.3" } });
  });

  test("the overview lists each command once, with --help or with nothing at all", async () => {
    const { code, stdout, stderr } = await shop("--help");
    expect(stdout).toMatch(/^ {2}mill buy THING \[COUNT\] {2}what buy does$/m);
    expect(stdout.match(/^ {2}mill /gm)).toHaveLength(6);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await shop()).toMatchObject({ code: 0, stdout });
  });

  test("options alone are wrong use", async () => {
    const { code, stdout, stderr } = await shop("--quickly");
    expect(stderr).toMatch(
      /^platform\/usage: .*\n {2}cause {3}--quickly names no command\n {2}remedy {2}.*`mill --help`/,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

test("--help of a command tells its arguments, its own options and the common ones, and an example", async () => {
  const { code, stdout, stderr, calls } = await shop("buy", "--help");
  expect(stdout).toMatch(/^mill buy THING \[COUNT\]\n {2}what buy does\n/);
  for (const option of ["--price EUROS", "--gift", "--project DIR", "--json", "--help"])
    expect(stdout).toContain(option);
  expect(stdout).toMatch(/Example\n {2}mill buy apples 3 --price 2\n$/);
  expect({ code, stderr, calls }).toEqual({ code: 0, stderr: "", calls: [] });
});

describe("a call", () => {
  test("gets its arguments in order and its options by name", async () => {
    const { code, calls } = await shop("buy", "apples", "3", "--price", "2", "--gift");
    expect(code).toBe(0);
    expect(calls).toMatchObject([{ arguments: ["apples", "3"], options: { price: "2", gift: true }, json: false }]);
  });

  test("may have the common options before its name", async () => {
    const { calls } = await shop("--project", "list", "--json", "buy", "pears");
    expect(calls).toMatchObject([{ arguments: ["pears"], options: { project: "list" }, json: true }]);
  });

  test("goes to the longest name; the handler's number is the exit code", async () => {
    expect(await shop("list")).toMatchObject({ code: 0, calls: [{ arguments: [] }] });
    const { code, stdout, stderr } = await shop("list", "all");
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: `line 1\n${2n ** 60n} things\n`,
      stderr: "looking\n",
    });
  });

  test("with --json says its result as JSON, with large integers as text, and no notes", async () => {
    const { stdout, stderr } = await shop("list", "all", "--json");
    expect(stdout).toBe(`{"line":1}\n{\n  "things": "${2n ** 60n}"\n}\n`);
    expect(stderr).toBe("");
  });
});

test.each([
  [["sell"], "there is no command sell", "`mill --help` lists the commands"],
  [["sell", "apples"], "there is no command sell apples", "`mill --help`"],
  [["buy"], "THING is missing", "`mill buy --help` shows how. For instance: mill buy apples 3 --price 2"],
  [["buy", "apples", "3", "now"], "now is one argument too many", "`mill buy --help`"],
  [["list", "all", "of", "it"], "of is one argument too many", "`mill list all --help`"],
  [["buy", "apples", "--cheaply"], "Unknown option '--cheaply'", "`mill buy --help`"],
  [["buy", "apples", "--price"], "--price <value>", "`mill buy --help`"],
  [["buy", "apples", "--gift=yes"], "--gift", "`mill buy --help`"],
])("%j is wrong use: %s", async (argv, cause, remedy) => {
  const { code, stdout, stderr, calls } = await shop(...argv);
  expect(stderr).toMatch(/^platform\/usage: /);
  expect(stderr).toContain(cause);
  expect(stderr).toContain(remedy);
  expect(stderr).not.toMatch(/stack/);
  expect({ code, stdout, calls }).toEqual({ code: 2, stdout: "", calls: [] });
  const answered = await shop(...argv, "--json");
  expect(JSON.parse(answered.stdout)).toMatchObject({ error: { code: "platform/usage", status: 400, exit: 2 } });
  expect({ code: answered.code, stderr: answered.stderr }).toEqual({ code: 2, stderr: "" });
});

describe("an error", () => {
  test("of the user is told with its cause and remedy, and no stack; its family says the exit code", async () => {
    const { code, stdout, stderr } = await shop("closed");
    expect(stderr).toBe("shop/closed: The shop is closed\n  cause   it is eight\n  remedy  Come back at nine.\n");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  });

  test("in a file is told with its place; the exit code is 1 unless told", async () => {
    const { code, stderr } = await shop("torn");
    expect(stderr).toContain("\n  where   list.txt:3\n");
    expect(code).toBe(1);
  });

  test("with --json is one document on stdout", async () => {
    const { code, stdout, stderr } = await shop("torn", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "shop/torn", status: 400, detail: "half is gone", where: { file: "list.txt", line: 3 } },
    });
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  });

  test("that is a defect has the exit code 3, and its stack only for people", async () => {
    const { code, stderr } = await shop("broken");
    expect(stderr).toMatch(/^kernel\/defect: [^]*\n {2}stack {3}TypeError: secret is not a function\n {4}at /);
    expect(code).toBe(3);
    const answered = await shop("broken", "--json");
    expect(answered.stdout).not.toContain("secret");
    expect(JSON.parse(answered.stdout)).toMatchObject({ error: { code: "kernel/defect", exit: 3 } });
    expect(answered.code).toBe(3);
  });
});

test("an error's code can be explained, and an unknown one is refused", () => {
  expect(explainError("shop/torn", [shopErrors])).toEqual({
    code: "shop/torn",
    status: 400,
    title: "The list is torn",
    remedy: "Write it anew.",
  });
  expect(() => explainError("shop/open", [shopErrors])).toThrow("There is no error of this code: shop/open");
});

test("JSON keeps every integer exact", () => {
  expect(toJson({ small: 1, large: 9_007_199_254_740_993n })).toBe(
    '{\n  "small": 1,\n  "large": "9007199254740993"\n}',
  );
});
