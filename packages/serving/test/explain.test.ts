import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openOnnxModel } from "../src/adapters/onnx-model.ts";
import { permutationShap, seededRandom } from "../src/explain/permutation-shap.ts";
import { openFolderModels, type InferenceModel, type Tensor } from "../src/inference/index.ts";
import { onnxFile, tensor } from "./support/onnx-file.ts";
import { serveModels } from "./support/serve-models.ts";
import { serveNamed } from "./support/serve-named.ts";

// Why models answer what they answer, of those that do not say it: by asking them about other rows.

type Game = (row: readonly number[]) => number;

/** Explains a function of a row against a background, as a model's numbers are. */
async function explained(game: Game, { row, background, seed = 0, permutations = 3 }: Explained) {
  const told = await permutationShap(
    { features: row.length, permutations, random: seededRandom(seed) },
    async (masks) =>
      masks.map((mask) => {
        const values = background.map((other) =>
          game(other.map((value, at) => (mask[at] === 1 ? (row[at] ?? 0) : value))),
        );
        return Float64Array.of(values.reduce((sum, value) => sum + value, 0) / values.length);
      }),
  );
  return { base: told.base[0] ?? Number.NaN, contributions: Array.from(told.contributions[0] ?? []) };
}

interface Explained {
  readonly row: readonly number[];
  readonly background: readonly (readonly number[])[];
  readonly seed?: number;
  readonly permutations?: number;
}

const number = fc.double({ min: -10, max: 10, noNaN: true });
const cases = fc.integer({ min: 1, max: 7 }).chain((features) => {
  const row = fc.array(number, { minLength: features, maxLength: features });
  return fc.record({
    row,
    weights: row,
    background: fc.array(row, { minLength: 1, maxLength: 4 }),
    seed: fc.nat(),
    permutations: fc.integer({ min: 1, max: 4 }),
  });
});

const meanOf = (rows: readonly (readonly number[])[], at: number) =>
  rows.reduce((sum, row) => sum + (row[at] ?? 0), 0) / rows.length;

/** By the definition: over all orders of the features. */
function exactShapley(game: Game, { row, background }: Explained): readonly number[] {
  const value = (set: ReadonlySet<number>) =>
    background
      .map((other) => game(other.map((given, at) => (set.has(at) ? (row[at] ?? 0) : given))))
      .reduce((sum, one) => sum + one / background.length, 0);
  const sums = row.map(() => 0);
  const orders = ordersOf(row.map((_, at) => at));
  for (const order of orders)
    for (const [at, feature] of order.entries()) {
      const before = new Set(order.slice(0, at));
      sums[feature] = (sums[feature] ?? 0) + value(new Set([...before, feature])) - value(before);
    }
  return sums.map((sum) => sum / orders.length);
}

function ordersOf(all: readonly number[]): readonly (readonly number[])[] {
  if (all.length < 2) return [all];
  return all.flatMap((first) => ordersOf(all.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

describe("Shapley values by permutations", () => {
  test("of an additive function are each feature's part, to rounding", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ weights, ...told }) => {
        const game: Game = (row) => row.reduce((sum, value, at) => sum + Math.sin(value) * (weights[at] ?? 0), 3);
        const { contributions } = await explained(game, told);
        for (const [at, found] of contributions.entries()) {
          const usual = meanOf(
            told.background.map((row) => row.map(Math.sin)),
            at,
          );
          expect(found).toBeCloseTo((Math.sin(told.row[at] ?? 0) - usual) * (weights[at] ?? 0), 9);
        }
      }),
      { numRuns: 100 },
    ));

  test("of a function of pairs of features are those of the definition", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ weights, ...told }) => {
        fc.pre(told.row.length <= 5);
        const game: Game = (row) =>
          row.reduce((sum, value, at) => sum + value * (row[(at + 1) % row.length] ?? 0) * (weights[at] ?? 0), 0);
        const { contributions } = await explained(game, told);
        for (const [at, wanted] of exactShapley(game, told).entries()) expect(contributions[at]).toBeCloseTo(wanted, 6);
      }),
      { numRuns: 60 },
    ));

  test("of any function add up to its answer, and are the same for the same seed", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ weights, ...told }) => {
        const game: Game = (row) =>
          Math.tanh(row.reduce((product, value, at) => product * (value + (weights[at] ?? 0)), 1)) + Math.max(...row);
        const { base, contributions } = await explained(game, told);
        const whole = contributions.reduce((sum, part) => sum + part, base);
        expect(whole).toBeCloseTo(game(told.row), 9);
        expect((await explained(game, told)).contributions).toEqual(contributions);
      }),
      { numRuns: 100 },
    ));
});

let root: string;
let served: Awaited<ReturnType<typeof serveModels>>;
/** Rows of each execution. */
const asked: number[] = [];
let named: Awaited<ReturnType<typeof serveNamed>>;
let onAsked = () => {};

const AMOUNT = { name: "amount", datatype: "FP64", shape: [-1], dimensionNames: ["rows"] } as const;
const KIND = { name: "kind", datatype: "BYTES", shape: [-1], dimensionNames: ["rows"] } as const;
const SCORES = { name: "scores", datatype: "FP64", shape: [-1, 2], dimensionNames: ["rows", undefined] } as const;
const LABEL = { name: "label", datatype: "BYTES", shape: [-1], dimensionNames: ["rows"] } as const;

/** Amounts that count twice, and 5 more for the kind "new"; its second score is the amount times that. */
const kinds = (told: Partial<InferenceModel> = {}): InferenceModel => ({
  platform: "test",
  backend: "test",
  inputs: [AMOUNT, KIND],
  outputs: [LABEL, SCORES],
  infer: async ([amount, kind], outputs) => {
    const count = amount?.shape[0] ?? 0;
    asked.push(count);
    onAsked();
    const scores = Array.from({ length: count }, (_, row) => {
      const value = Number(amount?.data[row]);
      const more = Buffer.from(kind?.data[row] as Uint8Array).toString() === "new" ? 5 : 0;
      return [2 * value + more, value * more];
    });
    const label: Tensor = {
      name: "label",
      datatype: "BYTES",
      shape: [count],
      data: scores.map(() => Buffer.from("x")),
    };
    const all: Tensor = { name: "scores", datatype: "FP64", shape: [count, 2], data: Float64Array.from(scores.flat()) };
    return outputs.map((name) => (name === "label" ? label : all));
  },
  close: async () => {},
  ...told,
});

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "mill-explain-"));
  const folder = join(root, "net", "1");
  mkdirSync(folder, { recursive: true });
  // y = relu(x W)
  const nodes = [
    { op_type: "MatMul", input: ["x", "W"], output: ["h"] },
    { op_type: "Relu", input: ["h"], output: ["y"] },
  ];
  const inputs = [{ name: "x", dims: ["n", 3] }];
  const outputs = [{ name: "y", dims: ["n", 1] }];
  const initializers = [tensor("W", [3, 1], [1, -2, 0.5])];
  writeFileSync(join(folder, "model.onnx"), onnxFile({ inputs, outputs, nodes, initializers }));
  writeFileSync(
    join(root, "net", "config.pbtxt"),
    'parameters { key: "explain_background" value { string_value: "usual.json" } }',
  );
  writeFileSync(join(root, "net", "usual.json"), JSON.stringify({ instances: [[0, 0, 0]] }));
  served = await serveModels(root);
  named = await serveNamed(
    () => ({ kinds: kinds(), texts: kinds({ outputs: [LABEL] }), shared: kinds({ notAsked: "versions share it" }) }),
    { configs: { kinds: "max_batch_size: 7\ndynamic_batching { }" } },
  );
});
afterAll(async () => {
  await served.close();
  await named.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  asked.length = 0;
  onAsked = () => {};
});

async function explain(url: string, body: object, init: RequestInit = {}) {
  const response = await fetch(`${url}:explain`, { method: "POST", body: JSON.stringify(body), ...init });
  const answer = (await response.json()) as { explanations?: unknown; error?: string; code?: string };
  return { status: response.status, ...answer };
}

describe(":explain of a model that does not say why", () => {
  test("of a network of ONNX, against the rows that its configuration names, or the request", async () => {
    const url = `${served.url}/v1/models/net`;
    const own = await explain(url, { instances: [[4, 1, 2]] });
    // 4 - 2 + 1: it is above 0 in each order in which the others are above 2.
    const [parts = []] = own.explanations as readonly (readonly number[])[];
    expect(parts.length).toBe(4);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(3, 6);
    expect(parts.at(-1)).toBe(0);
    const other = await explain(url, {
      instances: [
        [4, 1, 2],
        [5, 1, 2],
      ],
      background: [
        [10, 1, 2],
        [20, 1, 2],
      ],
    });
    expect(other.explanations).toEqual([
      [-11, 0, 0, 14],
      [-10, 0, 0, 14],
    ]);
  });

  test("of several inputs, texts among them, and of several outputs a list for each; in executions that the model takes", async () => {
    const url = `${named.url}/v1/models/kinds`;
    const instances = [{ amount: 3, kind: "new" }];
    const background = Array.from({ length: 4 }, () => ({ amount: 1, kind: "old" }));
    const { status, explanations } = await explain(url, { instances, background });
    expect(status).toBe(200);
    expect(explanations).toEqual([
      [
        [4, 5, 2],
        // 3 times 5, of which each of the two has 5 for being there, and half of what both are together.
        [5, 10, 0],
      ],
    ]);
    expect(Math.max(...asked)).toBeLessThanOrEqual(7);
    const all = asked.reduce((sum, rows) => sum + rows, 0);
    // None and all, and ten orders with one inner set forwards and one backwards, each over the background.
    expect(all).toBe(4 * (2 + 2 * 10));
    const { inference_stats } = named.server.models.find("kinds").statistics.report();
    expect(inference_stats.success.count).toBe(1);
  });

  test("the same request has the same answer; another seed may have another", async () => {
    const url = `${served.url}/v1/models/net`;
    const body = { instances: [[1, 2, 9]], parameters: { npermutations: 1, seed: 7 } };
    const first = await explain(url, body);
    expect((await explain(url, body)).explanations).toEqual(first.explanations);
    const others = await Promise.all(
      Array.from({ length: 8 }, (_, seed) => explain(url, { ...body, parameters: { npermutations: 1, seed } })),
    );
    expect(new Set(others.map(({ explanations }) => JSON.stringify(explanations))).size).toBeGreaterThan(1);
  });

  test("is refused without a background, beyond its bounds, and where there is nothing to explain", async () => {
    const at = (name: string) => `${named.url}/v1/models/${name}`;
    const instances = [{ amount: 3, kind: "new" }];
    const background = instances;
    const refusals = [
      await explain(at("kinds"), { instances }),
      await explain(at("kinds"), { instances, background: [] }),
      await explain(at("kinds"), { instances, background: Array.from({ length: 101 }, () => instances[0]) }),
      await explain(at("kinds"), { instances, background, parameters: { npermutations: 0 } }),
      await explain(at("kinds"), { instances, background, parameters: { output: "label" } }),
      await explain(at("kinds"), {
        instances: Array.from({ length: 100 }, () => instances[0]),
        background: Array.from({ length: 100 }, () => instances[0]),
        parameters: { npermutations: 1_000 },
      }),
      await explain(at("texts"), { instances, background }),
      await explain(at("shared"), { instances, background }),
    ];
    expect(refusals.map(({ status, code }) => `${status} ${code}`)).toEqual([
      ...Array.from({ length: 5 }, () => "400 inference/bad-request"),
      "413 inference/too-large",
      "422 inference/no-explanation",
      "422 inference/no-explanation",
    ]);
    expect(asked).toEqual([]);
  });

  test("ends at the caller's deadline", async () => {
    const body = { instances: [{ amount: 3, kind: "new" }], background: [{ amount: 1, kind: "old" }] };
    const headers = { "x-envoy-expected-rq-timeout-ms": "30" };
    // Each execution takes longer than all that is left.
    onAsked = () => {
      const untilMs = performance.now() + 31;
      while (performance.now() < untilMs);
    };
    const { status, code } = await explain(`${named.url}/v1/models/kinds`, body, { headers });
    expect([status, code]).toEqual([504, "inference/deadline"]);
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  test("a background that does not fit the model fails its load, and says why", async () => {
    const other = mkdtempSync(join(tmpdir(), "mill-explain-"));
    onTestFinished(() => rmSync(other, { recursive: true, force: true }));
    mkdirSync(join(other, "net", "1"), { recursive: true });
    const inputs = [{ name: "x", dims: ["n", 3] }];
    const outputs = [{ name: "y", dims: ["n", 3] }];
    const nodes = [{ op_type: "Relu", input: ["x"], output: ["y"] }];
    writeFileSync(join(other, "net", "1", "model.onnx"), onnxFile({ inputs, outputs, nodes }));
    const name = (file: string) =>
      writeFileSync(
        join(other, "net", "config.pbtxt"),
        `parameters { key: "explain_background" value { string_value: "${file}" } }`,
      );
    const reason = async (file: string, text?: string) => {
      name(file);
      if (text !== undefined) writeFileSync(join(other, "net", file), text);
      const options = { root: other, openModel: openOnnxModel, clock: systemClock, logger: silentLogger };
      const models = await openFolderModels(options);
      const [found] = await models.index();
      await models.close();
      return found?.reason;
    };
    expect(await reason("gone.json")).toMatch(/not at gone.json/);
    expect(await reason("../usual.json")).toMatch(/no file's name/);
    expect(await reason("usual.json", '{"instances": [[1, 2]]}')).toMatch(/usual.json: x is given as \[1, 2\]/);
    expect(await reason("usual.json", "well")).toMatch(/usual.json: .*JSON/);
    expect(await reason("usual.json", '{"instances": [[1, 2, 3]]}')).toBe("");
  });
});
