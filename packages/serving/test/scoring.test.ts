import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { readCsv } from "../src/inference/rest/csv.ts";
import { tableOfRecords } from "../src/inference/rest/table.ts";
import { serveModels } from "./support/serve-models.ts";
import { serveEcho } from "./support/tagged-models.ts";
import { treeCases } from "./support/tree-cases.ts";

// MLflow's scoring server and KServe's first protocol, over models that the libraries made.

const recorded = join(import.meta.dirname, "mlflow-models");
const { rows, matrix, wanted } = JSON.parse(readFileSync(join(recorded, "wanted.json"), "utf8")) as {
  readonly rows: { readonly columns: readonly string[]; readonly data: readonly (readonly number[])[] };
  readonly matrix: readonly (readonly number[])[];
  readonly wanted: Readonly<Record<string, readonly number[]>>;
};
const records = rows.data.map((row) => Object.fromEntries(rows.columns.map((name, at) => [name, row[at]])));
const lists = Object.fromEntries(rows.columns.map((name, at) => [name, rows.data.map((row) => row[at])]));
const csv = [rows.columns, ...rows.data].map((row) => row.join(",")).join("\n");

let root: string;
let many: Awaited<ReturnType<typeof serveModels>>;
let one: Awaited<ReturnType<typeof serveModels>>;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-scoring-"));
  for (const name of ["lightgbm", "tensors", "classifier"])
    cpSync(join(recorded, name), join(root, "many", name, "1"), { recursive: true });
  mkdirSync(join(root, "many", "boost", "1"), { recursive: true });
  const trees = join(import.meta.dirname, "tree-models");
  cpSync(join(trees, "xgboost-softprob.ubj"), join(root, "many", "boost", "1", "model.ubj"));
  many = await serveModels(join(root, "many"));
  one = await serveModels(join(recorded, "lightgbm"));
});
afterAll(async () => {
  await Promise.all([many.close(), one.close()]);
  rmSync(root, { recursive: true, force: true });
});

async function post(url: string, body: unknown, type = "application/json") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method: "POST", body: text, headers: { "content-type": type } });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe("/invocations", () => {
  const mixed = { columns: ["spent", "visits", "age"], data: rows.data.map((row) => row.toReversed()) };
  test.each([
    ["dataframe_split", { dataframe_split: rows }],
    ["dataframe_split with an index, in another order", { dataframe_split: { index: [7, 5, 3, 1], ...mixed } }],
    ["dataframe_records", { dataframe_records: records }],
    ["instances of objects", { instances: records }],
    ["instances of lists", { instances: rows.data }],
    ["inputs by column", { inputs: lists, params: {} }],
  ])("%s", async (_form, body) => {
    const { status, answer } = await post(`${one.url}/invocations`, body);
    expect(status, JSON.stringify(answer)).toBe(200);
    expect(answer).toEqual({ predictions: wanted["lightgbm"] });
  });

  test("CSV with a header", async () => {
    const { answer } = await post(`${one.url}/invocations`, csv, "text/csv; charset=utf-8");
    expect(answer).toEqual({ predictions: wanted["lightgbm"] });
    const quoted = `note,"age",visits,spent\r\n"a ""b"", c",${rows.data[0]?.join(",")}\r\n`;
    const some = await post(`${one.url}/invocations`, quoted, "text/csv");
    expect(some.answer).toEqual({ predictions: wanted["lightgbm"]?.slice(0, 1) });
  });

  test("of several models one is named", async () => {
    const refused = await post(`${many.url}/invocations`, { dataframe_split: rows });
    expect(refused).toMatchObject({
      status: 400,
      answer: { error_code: "BAD_REQUEST", code: "inference/bad-request" },
    });
    const { answer } = await post(`${many.url}/invocations?model=tensors`, { inputs: matrix });
    expect(answer).toEqual({ predictions: wanted["tensors"] });
    const unknown = await post(`${many.url}/invocations?model=none`, { inputs: matrix });
    expect(unknown).toMatchObject({ status: 404, answer: { error_code: "RESOURCE_DOES_NOT_EXIST" } });
  });

  test.each([
    ["two forms", { inputs: lists, instances: records }, 400],
    ["no form", { rows: [] }, 400],
    ["a column that is missing", { dataframe_split: { columns: ["age"], data: [[1]] } }, 400],
    ["a row that is too short", { dataframe_split: { ...rows, data: [[1, 2]] } }, 400],
    ["a word for a number", { dataframe_records: [{ ...records[0], age: "old" }] }, 400],
    ["no JSON", "{", 400],
  ])("%s is refused", async (_what, body, status) => {
    expect(await post(`${one.url}/invocations`, body)).toMatchObject({ status, answer: { error_code: "BAD_REQUEST" } });
  });

  test("another content type, and a CSV that is broken, are refused", async () => {
    expect((await post(`${one.url}/invocations`, "x", "application/vnd.apache.parquet")).status).toBe(415);
    expect((await post(`${one.url}/invocations`, csv, "text/csv; charset=latin-1")).status).toBe(415);
    for (const text of ["", 'age,visits,spent\n"1,2,3\n', "age,visits,spent\n1,2\n", "age,visits,spent\n1,many,3\n"])
      expect((await post(`${one.url}/invocations`, text, "text/csv")).status, text).toBe(400);
  });

  test("a cell may be as long as a body", () => {
    const text = "x".repeat(20_000_000);
    const { columns, rows: read } = readCsv(`a,"b ""c"""\r\n"${text}",\n`);
    expect([columns, read.length, read[0]?.[0] === text, read[0]?.[1]]).toEqual([["a", 'b "c"'], 1, true, ""]);
  });

  test("rows that each have their own columns make no table of all by all", async () => {
    const sparse = Array.from({ length: 3_000 }, (_, row) => ({ [`c${row}`]: row }));
    const { status, answer } = await post(`${one.url}/invocations`, { dataframe_records: sparse });
    expect([status, answer["detail"]]).toEqual([400, expect.stringContaining("3000 columns")]);
    const named: readonly object[] = [{ constructor: 1 }, { a: 2 }];
    expect(tableOfRecords(named).rows).toEqual([
      [1, null],
      [null, 2],
    ]);
  });

  test("/ping, /health and /version", async () => {
    for (const path of ["/ping", "/health"]) expect((await fetch(`${one.url}${path}`)).status).toBe(200);
    expect(await (await fetch(`${one.url}/version`)).text()).toBe("1");
  });
});

describe("KServe's first protocol", () => {
  test("rows are lists, or objects by the features' names", async () => {
    for (const instances of [rows.data, records]) {
      const { answer } = await post(`${many.url}/v1/models/classifier:predict`, { instances });
      expect(answer).toEqual({ predictions: wanted["classifier"] });
    }
    const { answer } = await post(`${many.url}/v1/models/tensors:predict`, { inputs: matrix });
    expect(answer).toEqual({ predictions: wanted["tensors"] });
  });

  test(":explain has of every class each feature's part, and last the mean", async () => {
    const softprob = treeCases(join(import.meta.dirname, "tree-models")).find(
      ({ name }) => name === "xgboost-softprob.ubj",
    );
    if (softprob === undefined) throw new Error("there is no such case");
    const instances = Array.from({ length: 12 }, (_, row) =>
      Array.from(softprob.input.subarray(row * 8, row * 8 + 8), (value) => (Number.isNaN(value) ? null : value)),
    );
    const { status, answer } = await post(`${many.url}/v1/models/boost:explain`, { instances });
    expect(status).toBe(200);
    const found = answer["explanations"] as readonly (readonly (readonly number[])[])[];
    expect([found.length, found[0]?.length, found[0]?.[0]?.length]).toEqual([12, 3, 9]);
    const told = softprob.told("contributions") as Float32Array;
    for (const [at, value] of found.flat(2).entries()) expect(value).toBeCloseTo(told[at] ?? Number.NaN, 4);
  });
});

test("whole numbers are answered with all their digits", async () => {
  const echo = await serveEcho();
  const [least, most] = ["-9223372036854775807", "9007199254740993"];
  const instances = `[{"TAG": [${least}, ${most}], "TEXT": ["a", "b"], "HALF": [1, 2]}]`;
  for (const path of ["/v1/models/echo:predict", "/invocations"]) {
    const body = `{"instances": ${instances}}`;
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${echo.url}${path}`, { method: "POST", body, headers });
    expect(await answer.text()).toContain(`[${least},${most}]`);
  }
  await echo.close();
});

test("bytes that are no text are asked and answered as base64, and half a character is refused", async () => {
  const echo = await serveEcho();
  const ask = async (text: unknown) => {
    const body = JSON.stringify({ instances: [{ TAG: [1, 2], TEXT: [text, "b"], HALF: [1, 2] }] });
    const answer = await fetch(`${echo.url}/v1/models/echo:predict`, { method: "POST", body });
    return (await answer.json()) as object;
  };
  expect(await ask({ b64: "//4=" })).toMatchObject({ predictions: [{ TEXT: [{ b64: "//4=" }, "b"] }] });
  expect(await ask({ b64: "Yg==" })).toMatchObject({ predictions: [{ TEXT: ["b", "b"] }] });
  expect(await ask({ b64: 1 })).toMatchObject({
    status: 400,
    detail: expect.stringMatching(/BYTES and is no text/) as string,
  });
  expect(await ask("\ud800")).toMatchObject({
    status: 400,
    detail: expect.stringMatching(/half a character/) as string,
  });
  await echo.close();
});

const { python, mlflowPython } = inject("means");
const CLIENT = `
import sys, numpy, pandas, json
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
client = ScoringServerClient("127.0.0.1", int(sys.argv[1]))
client.wait_server_ready(timeout=20)
frame = pandas.DataFrame(json.loads(sys.argv[2])["data"], columns=json.loads(sys.argv[2])["columns"])
print(json.dumps([client.invoke(frame).get_predictions().iloc[:, 0].tolist(), client.get_version()]))
`;

test.skipIf(mlflowPython === undefined)("MLflow's own scoring client is answered", async () => {
  const port = new URL(one.url).port;
  const { stdout } = await promisify(execFile)(python ?? "", ["-c", CLIENT, port, JSON.stringify(rows)]);
  expect(JSON.parse(stdout)).toEqual([wanted["lightgbm"], "1"]);
});
