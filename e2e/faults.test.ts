import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { end, mill, millLater, millUp, occupyPort, smallFlights, tablesOf } from "./support/project.ts";

// Whatever is wrong is one error with its code, its cause and its remedy, and every table is as it was.

interface Told {
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  readonly where?: {
    readonly file?: string;
    readonly line?: number;
    readonly row?: number;
    readonly columnName?: string;
  };
}

let projectDir: string;
let before: Readonly<Record<string, string>>;
const at = () => ["--project", projectDir];

beforeAll(() => {
  projectDir = smallFlights();
  expect(mill(["run", ...at()]).code).toBe(0);
  before = tablesOf(projectDir);
  const [parquet = ""] = globSync(join(projectDir, ".mill/lake/main/flights_raw/data/*.parquet"));
  cpSync(parquet, join(projectDir, "data", "flights.parquet"));
});

afterAll(() => {
  rmSync(projectDir, { recursive: true, force: true });
});

/** Changes a file while the work runs, and puts it back. */
async function whileChanged<Result>(
  file: string,
  change: (bytes: Buffer) => Buffer | string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const path = join(projectDir, file);
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes));
  try {
    return await work();
  } finally {
    writeFileSync(path, bytes);
  }
}

/** What a failing command says: the same error to a person and as JSON, with the same exit code. */
async function failure(args: readonly string[]): Promise<{ readonly error: Told; readonly exit: number | null }> {
  const spoken = await millLater([...args, ...at()]);
  const json = await millLater([...args, ...at(), "--json"]);
  const { error } = JSON.parse(json.stdout) as { readonly error: Told };
  expect(spoken.code).toBe(json.code);
  expect(spoken.stderr).toContain(error.code);
  expect(spoken.stderr).toContain(`cause   ${error.detail}`);
  expect(spoken.stderr).toContain(`remedy  ${error.remedy}`);
  expect(spoken.stderr).not.toMatch(/\n\s+at /);
  return { error, exit: json.code };
}

/** What the one step that failed says, and what the summary says of it. */
function failedLoad(): Told {
  const run = mill(["run", "--select", "flights_raw", ...at(), "--json"]);
  expect(run.code).toBe(1);
  const { tasks } = JSON.parse(run.stdout) as {
    readonly tasks: readonly { readonly id: string; readonly error: Told | null }[];
  };
  const errors = tasks.flatMap(({ error }) => error ?? []);
  expect(errors).toHaveLength(1);
  expect(errors[0]?.remedy).not.toBe("");
  return errors[0] ?? { code: "", detail: "", remedy: "" };
}

const text = (change: (content: string) => string) => (bytes: Buffer) => {
  const changed = change(bytes.toString());
  if (changed === bytes.toString()) throw new Error("nothing was changed");
  return changed;
};

describe("a project that is not as it should be", () => {
  test.each([
    ["a key that there is not", `  limitz: { threads: 1 },`, /limitz: there is no such key/, 5],
    ["a value of another type", `  limits: { engineMemoryMb: "lots" },`, /limits\/engineMemoryMb: must be integer/, 5],
    ["a number below its bound", `  limits: { threads: 0 },`, /limits\/threads: must be >= 1/, 5],
  ])("%s in millwright.ts is told with its line", async (_name, line, cause, lineNumber) => {
    const config = `import { defineProject } from "millwright";\n\nexport default defineProject({\n  name: "flights",\n${line}\n});\n`;
    const { error, exit } = await whileChanged(
      "millwright.ts",
      () => config,
      () => failure(["run"]),
    );
    expect(error).toMatchObject({ code: "kernel/invalid", where: { file: "millwright.ts", line: lineNumber } });
    expect(error.detail).toMatch(cause);
    expect(exit).toBe(2);
  });

  test("a syntax error is told with the line of the broken file, also when another file imports it", async () => {
    const { error, exit } = await whileChanged(
      "features/route.ts",
      text((content) => content.replace("  ttl:", "  ttl: ttl:")),
      () => failure(["run"]),
    );
    expect(error).toMatchObject({
      code: "project/unreadable-definition",
      where: { file: "features/route.ts", line: 10 },
    });
    expect(exit).toBe(1);
  });

  test("a wrong value in a definition keeps its own code and remedy", async () => {
    const { error } = await whileChanged(
      "features/route.ts",
      text((content) => content.replace('"28d"', '"28 moons"')),
      () => failure(["check"]),
    );
    expect(error).toMatchObject({ code: "features/invalid-view", where: { file: "features/route.ts", line: 5 } });
  });
});

const line = (number: number, change: (content: string) => string) =>
  text((content) =>
    content
      .split("\n")
      .map((each, index) => (index + 1 === number ? change(each) : each))
      .join("\n"),
  );

describe("a source's file that is not as it should be", () => {
  test.each([
    ["a column that is gone", line(1, (header) => header.replace(",destination", ",")), "ingestion/missing-column", {}],
    ["a column of another name", line(1, (header) => header.replace("delay", "late")), "ingestion/missing-column", {}],
    [
      "a value of another type",
      line(5, (row) => row.replace(/,-?\d+,/, ",soon,")),
      "ingestion/wrong-type",
      { row: 4, columnName: "delay" },
    ],
    ["a row that is too short", line(7, (row) => row.slice(0, 22)), "ingestion/unreadable", { line: 7 }],
    ["a row that is too long", line(7, (row) => `${row},a,b`), "ingestion/unreadable", { line: 7 }],
    [
      "a row too short far from its head",
      line(8_000, (row) => row.slice(0, 22)),
      "ingestion/unreadable",
      { line: 8_000 },
    ],
    ["a quote that stays open", line(7, (row) => row.replace("ORD", '"ORD')), "ingestion/unreadable", {}],
  ])("CSV: %s", async (_name, change, code, place) => {
    const error = await whileChanged("data/flights.csv", change, failedLoad);
    expect(error.code).toBe(code);
    expect(error.detail).toContain("data/flights.csv");
    expect(error.where).toMatchObject({ file: "data/flights.csv", ...place });
  });

  test.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ["empty", () => Buffer.alloc(0)],
    ["of other bytes", (bytes: Buffer) => Buffer.alloc(bytes.length, "no parquet")],
    ["broken in its middle", (bytes: Buffer) => Buffer.from(bytes).fill(0, 4, bytes.length >> 1)],
  ])("Parquet: %s", async (_name, change) => {
    const error = await whileChanged(
      "sources/flights.ts",
      text((content) => content.replace("flights.csv", "flights.parquet")),
      () => whileChanged("data/flights.parquet", change, failedLoad),
    );
    expect(error).toMatchObject({ code: "ingestion/unreadable", where: { file: "data/flights.parquet" } });
  });

  test("Parquet: a column of another type than declared", async () => {
    const error = await whileChanged(
      "sources/flights.ts",
      text((content) => content.replace("flights.csv", "flights.parquet").replace('delay: "long"', 'delay: "int"')),
      failedLoad,
    );
    expect(error).toMatchObject({
      code: "ingestion/wrong-type",
      where: { file: "data/flights.parquet", columnName: "delay" },
    });
  });
});

test("after all of this every table has the rows and the snapshot that it had", () => {
  expect(tablesOf(projectDir)).toEqual(before);
});

describe("a service that cannot be", () => {
  test("an occupied port: the error prints the command with a free one, which works", async () => {
    const { port, occupant } = await occupyPort();
    const { error, exit } = await failure(["up", "--once", `--port=${port}`]).finally(() => occupant.close());
    expect(error.code).toBe("platform/port-taken");
    expect(exit).toBe(2);
    const free = /mill up --port (\d+)/.exec(error.remedy)?.[1];
    expect(free).not.toBe(String(port));
    const { code, stderr } = mill(["up", "--once", "--port", free ?? "", ...at()], { MILL_REST_PORT: "0" });
    expect(code, stderr).toBe(0);
  });

  test.each(["eighty", "-1", "65536"])("a port that is none: %j", async (port) => {
    const { error, exit } = await failure(["up", "--once", `--port=${port}`]);
    expect(error.code).toBe("platform/usage");
    expect(exit).toBe(2);
  });

  test("a second `mill up` names the process that holds the project, which goes on", async () => {
    const up = await millUp(projectDir);
    const { error, exit } = await failure(["up", "--port=0"]);
    expect(error.code).toBe("platform/locked");
    expect(error.detail).toContain(String(up.process.pid));
    expect(exit).toBe(2);
    expect((await fetch(`http://127.0.0.1:${up.port}/v2/health/ready`)).status).toBe(200);
    await up.road;
    expect((await end(up)).code).toBe(0);
  });

  test("a prediction with nothing running, also when another program has the port by now", async () => {
    const stopped = await failure(["predict", "late-flights", "{}"]);
    expect(stopped).toMatchObject({ error: { code: "serving/not-running" }, exit: 2 });
    const other = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"));
    await new Promise((resolve) => other.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = other.address() as AddressInfo;
    writeFileSync(join(projectDir, ".mill", "run.json"), JSON.stringify({ pid: process.pid, restPort: port }));
    const foreign = await failure(["predict", "late-flights", "{}"]).finally(() => other.close());
    expect(foreign).toMatchObject({ error: { code: "serving/not-running" }, exit: 2 });
  });
});
