import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { end, eventually, millJson, millLater, millUp, tablesOf } from "./support/project.ts";

const data = join(import.meta.dirname, "..", "node_modules", "vega-datasets", "data");

interface Made {
  readonly projectDir: string;
  readonly guesses: {
    readonly roles: readonly { readonly what: string; readonly value: string | null }[];
  };
}

interface Service {
  readonly name: string;
  readonly example: object;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-own-data-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files as unlike each other as they come: sixteen rows; missing values; times and a key; days; thousands of rows. */
const FILES: readonly (readonly [
  file: string,
  said: readonly string[],
  guessed: Readonly<Record<string, string | null>>,
  answer: object,
])[] = [
  [
    "burtin.json",
    [],
    { label: "Gram_Staining", task: "a yes or no", time: null },
    { probability: expect.any(Number) as number },
  ],
  [
    "penguins.json",
    [],
    { label: "Species", task: "one of several", time: null },
    { prediction: expect.stringMatching(/^[A-Z]/) as string },
  ],
  [
    "stocks.csv",
    [],
    { label: "price", task: "a number", time: "date", key: "symbol" },
    { prediction: expect.any(Number) as number },
  ],
  [
    "seattle-weather.csv",
    [],
    { label: "weather", task: "one of several", time: "date", key: null },
    { probabilities: expect.any(Object) as object },
  ],
  [
    "jobs.json",
    ["--label", "sex"],
    { label: "sex", task: "a yes or no", key: null },
    { probability: expect.any(Number) as number },
  ],
];

describe("a file becomes a served model, no file edited", () => {
  test.each(FILES)("%s", async (file, said, guessed, answer) => {
    const projectDir = join(folder, file.replace(/\..*/, ""));
    const { guesses } = millJson(["init", projectDir, "--from", join(data, file), ...said]) as Made;
    expect(Object.fromEntries(guesses.roles.map(({ what, value }) => [what, value]))).toMatchObject(guessed);
    const up = await millUp(projectDir);
    try {
      await up.road;
      const asked = await eventually("an answer", async () => {
        const services = await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/services`);
        const [service] = (await services.json()) as readonly Service[];
        if (service === undefined) return undefined;
        const url = `http://127.0.0.1:${up.port}/v2/models/${service.name}/infer`;
        const response = await fetch(url, { method: "POST", body: JSON.stringify(service.example) });
        return response.ok ? ((await response.json()) as object) : undefined;
      });
      expect(asked).toMatchObject(answer);
    } finally {
      await end(up);
    }
  });
});

test("examples/shop is what is made of its file", () => {
  const example = join(import.meta.dirname, "..", "examples", "shop");
  const projectDir = join(folder, "shop");
  millJson(["init", projectDir, "--from", join(example, "data", "sales.csv")]);
  const texts = (root: string) =>
    globSync("**/*.{ts,sql,yml}", { cwd: root, exclude: [".mill/**"] })
      .toSorted()
      .map((file) => `${file}\n${readFileSync(join(root, file), "utf8")}`);
  expect(texts(projectDir)).toEqual(texts(example));
});

test("the template csv holds by its own tests", async () => {
  const projectDir = join(folder, "stand");
  millJson(["init", projectDir, "--template", "csv"]);
  expect(await millLater(["test", "--project", projectDir])).toMatchObject({ code: 0 });
});

describe("mill test", () => {
  test("takes a project's own tests on state of its own, and leaves the project's as it is", async () => {
    const projectDir = join(folder, "penguins");
    const [before, changedAt] = [tablesOf(projectDir), statSync(join(projectDir, ".mill", "metadata.db")).mtimeMs];
    writeFileSync(
      join(projectDir, "tests", "wrong.test.ts"),
      `import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

test("a sample is a sample", async () => {
  const [row] = await openTestProject().sql("select count(*) as rows from penguins_raw");
  assert.equal(row?.["rows"], 100);
});

test("what is wrong is told", async () => {
  const { state } = await openTestProject().run({ select: "penguins", force: true });
  assert.equal(state, "failed");
});
`,
    );
    writeFileSync(join(projectDir, "tests", "zz.test.ts"), "const = 1;\n");
    const { code, stdout } = await millLater(["test", "--rows", "100", "--json", "--project", projectDir]);
    const { tests } = JSON.parse(stdout) as {
      tests: { name: string; state: string; file: string; message: string | null }[];
    };
    expect(tests.filter(({ state }) => state === "failed")).toMatchObject([
      {
        name: "what is wrong is told",
        file: "tests/wrong.test.ts",
        message: expect.stringMatching(/done[^]*at line 12/) as string,
      },
      { name: "the file loads", file: "tests/zz.test.ts", message: expect.stringContaining("SyntaxError") as string },
    ]);
    expect(tests.filter(({ state }) => state === "passed").map(({ name }) => name)).toContain("a sample is a sample");
    expect(code).toBe(1);
    expect(tablesOf(projectDir)).toEqual(before);
    expect(statSync(join(projectDir, ".mill", "metadata.db")).mtimeMs).toBe(changedAt);
  });

  test("a file in tests/fixtures stands for a source", async () => {
    const projectDir = join(folder, "penguins");
    rmSync(join(projectDir, "tests"), { recursive: true });
    const rows = JSON.parse(readFileSync(join(projectDir, "data", "penguins.json"), "utf8")) as object[];
    mkdirSync(join(projectDir, "tests", "fixtures"), { recursive: true });
    writeFileSync(
      join(projectDir, "tests", "fixtures", "penguins_raw.json"),
      JSON.stringify(rows.filter((_row, place) => place % 8 === 0).slice(0, 40)),
    );
    writeFileSync(
      join(projectDir, "tests", "fixture.test.ts"),
      `import assert from "node:assert/strict";
import test from "node:test";
import { openTestProject } from "millwright";

test("forty rows", async () => {
  assert.deepEqual(await openTestProject().sql("select count(*) as rows from penguins_raw"), [{ rows: 40 }]);
});
`,
    );
    const { code, stdout } = await millLater(["test", "--project", projectDir]);
    expect(stdout).toMatch(/^ok \d - forty rows # tests\/fixture\.test\.ts:5$/m);
    expect(code).toBe(0);
  });
});
