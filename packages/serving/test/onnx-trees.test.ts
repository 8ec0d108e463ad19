import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openOnnxModel } from "../src/adapters/onnx-model.ts";
import type { InferenceModel } from "../src/inference/index.ts";
import { readOnnxTrees } from "../src/trees/onnx/onnx-trees.ts";
import { servedOnnxTrees } from "../src/trees/onnx/served-onnx-trees.ts";
import { attributes, onnxFile, tensor, type Graph } from "./support/onnx-file.ts";

// Trees in files of ONNX, which are read here: they answer as ONNX Runtime does, to the bit; every other graph is the runtime's.

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "mill-onnx-trees-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RUNTIME = { backend: "onnxruntime" };

async function both(bytes: Uint8Array) {
  const file = join(folder, "model.onnx");
  writeFileSync(file, bytes);
  return { own: await openOnnxModel(file, {}), runtime: await openOnnxModel(file, RUNTIME) };
}

let state = 1;
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const below = (limit: number) => Math.floor(random() * limit);
/** Among them the values at which trees split, and others that are no plain numbers. */
const VALUES = [0, -0, 1, -1, 0.1, 2.5, -2.5, 1e-45, 3.4e38, Number.NaN, Infinity, -Infinity];
const anyValue = () => (random() < 0.5 ? (VALUES[below(VALUES.length)] as number) : random() * 6 - 3);

interface Kind {
  readonly trees: number;
  readonly features: number;
  readonly outputs?: number;
  readonly depth?: number;
  readonly mode?: "BRANCH_LEQ" | "BRANCH_LT" | "BRANCH_GT";
  readonly numbersFrom?: number;
  readonly hasBases?: boolean;
  readonly tracksMissing?: boolean;
}

/** Trees of pseudo-random splits, their nodes numbered as told. */
function randomTrees(kind: Kind): Record<string, unknown> {
  const { trees, features, outputs = 1, depth = 5, mode = "BRANCH_LEQ", numbersFrom = 0 } = kind;
  const nodes = { tree: [], id: [], feature: [], value: [], mode: [], yes: [], no: [], missing: [] } as {
    [column: string]: (number | string)[];
  };
  const leaves = { tree: [], id: [], output: [], weight: [] } as { [column: string]: number[] };
  for (let tree = 0; tree < trees; tree += 1) {
    let next = numbersFrom;
    const put = (left: number): number => {
      const id = next;
      next += 1;
      const at = nodes["id"]?.length ?? 0;
      const isLeaf = left === 0 || random() < 0.15;
      const row = {
        tree,
        id,
        feature: isLeaf ? 0 : below(features),
        value: isLeaf ? 0 : anyValue(),
        mode: isLeaf ? "LEAF" : mode,
        yes: 0,
        no: 0,
        missing: below(2),
      };
      for (const [column, value] of Object.entries(row)) nodes[column]?.push(value);
      if (isLeaf) {
        const leaf = { tree, id, output: tree % outputs, weight: random() - 0.5 };
        for (const [column, value] of Object.entries(leaf)) leaves[column]?.push(value);
        return id;
      }
      for (const side of ["yes", "no"] as const) (nodes[side] as number[])[at] = put(left - 1);
      return id;
    };
    put(depth);
  }
  return {
    n_targets: outputs,
    nodes_treeids: nodes["tree"],
    nodes_nodeids: nodes["id"],
    nodes_featureids: nodes["feature"],
    nodes_values: { floats: nodes["value"] },
    nodes_modes: nodes["mode"],
    nodes_truenodeids: nodes["yes"],
    nodes_falsenodeids: nodes["no"],
    ...(kind.tracksMissing === false ? {} : { nodes_missing_value_tracks_true: nodes["missing"] }),
    ...(kind.hasBases === true ? { base_values: { floats: Array.from({ length: outputs }, random) } } : {}),
    target_treeids: leaves["tree"],
    target_nodeids: leaves["id"],
    target_ids: leaves["output"],
    target_weights: { floats: leaves["weight"] },
  };
}

function graphOf(
  given: Record<string, unknown>,
  { features, outputs = 1 }: Kind,
  more: Partial<Graph> = {},
): Uint8Array {
  return onnxFile({
    inputs: [{ name: "x", dims: ["n", features] }],
    outputs: [{ name: "y", dims: ["n", outputs] }],
    nodes: [
      {
        op_type: "TreeEnsembleRegressor",
        domain: "ai.onnx.ml",
        input: ["x"],
        output: ["y"],
        attribute: attributes(given),
      },
    ],
    ...more,
  });
}

async function answersOf(model: InferenceModel, { values, rows }: { values: Float32Array; rows: number }) {
  const [input] = model.inputs;
  const shape = [rows, values.length / rows];
  const given = { name: input?.name ?? "", datatype: "FP32" as const, shape, data: values };
  const [answer] = await model.infer(
    [given],
    model.outputs.map(({ name }) => name),
  );
  return { ...answer, data: Array.from((answer?.data ?? []) as Float32Array) };
}

const KINDS: Readonly<Record<string, Kind>> = {
  "one tree": { trees: 1, features: 3 },
  "many trees": { trees: 200, features: 10, hasBases: true },
  "what is less than a threshold": { trees: 40, features: 4, mode: "BRANCH_LT" },
  "several outputs": { trees: 90, features: 6, outputs: 3, hasBases: true },
  "several outputs without bases": { trees: 9, features: 6, outputs: 3 },
  "more than 128 features": { trees: 30, features: 300 },
  "trees of more than 256 splits": { trees: 3, features: 20, depth: 11 },
  "nodes that are numbered otherwise": { trees: 20, features: 5, numbersFrom: 7 },
  "missing values that go right": { trees: 20, features: 5, tracksMissing: false },
  "leaves alone": { trees: 3, features: 2, depth: 0 },
};

describe("trees in a file of ONNX are read here and answer as ONNX Runtime does, to the bit", () => {
  test.each(Object.entries(KINDS))("%s", async (_, kind) => {
    for (let round = 0; round < (inject("full") ? 40 : 4); round += 1) {
      const { own, runtime } = await both(graphOf(randomTrees(kind), kind));
      expect([own.backend, runtime.backend]).toEqual(["millwright", "onnxruntime"]);
      for (const side of ["inputs", "outputs"] as const) expect(own[side]).toEqual(runtime[side]);
      for (const rows of [1, 2, 37, 300]) {
        const values = Float32Array.from({ length: rows * kind.features }, anyValue);
        expect(await answersOf(own, { values, rows })).toEqual(await answersOf(runtime, { values, rows }));
      }
      await runtime.close();
    }
  });

  test("behind them a node that changes nothing", async () => {
    const kind = { trees: 4, features: 3 };
    const nodes = [
      { op_type: "TreeEnsembleRegressor", domain: "ai.onnx.ml", input: ["x"], output: ["sums"] },
      { op_type: "Identity", input: ["sums"], output: ["y"] },
    ];
    const attribute = attributes(randomTrees(kind));
    const { own } = await both(graphOf({}, kind, { nodes: [{ ...nodes[0], attribute }, nodes[1] as object] }));
    expect(own.backend).toBe("millwright");
  });
});

describe("what is not trees alone, or not as usual, is ONNX Runtime's", () => {
  const kind = { trees: 3, features: 2 };
  const node = (given: Record<string, unknown>, more: object = {}) => ({
    op_type: "TreeEnsembleRegressor",
    domain: "ai.onnx.ml",
    input: ["x"],
    output: ["y"],
    attribute: attributes(given),
    ...more,
  });
  const cases: Readonly<Record<string, () => Uint8Array>> = {
    "another comparison": () => graphOf(randomTrees({ ...kind, mode: "BRANCH_GT" }), kind),
    "a mean": () => graphOf({ ...randomTrees(kind), aggregate_function: "AVERAGE" }, kind),
    "a link": () => graphOf({ ...randomTrees(kind), post_transform: "LOGISTIC" }, kind),
    "a function behind the sums": () =>
      graphOf({}, kind, {
        nodes: [node(randomTrees(kind), { output: ["sums"] }), { op_type: "Sigmoid", input: ["sums"], output: ["y"] }],
      }),
    "weights beside them": () =>
      graphOf({}, kind, {
        nodes: [node(randomTrees(kind), { output: ["sums"] }), { op_type: "Add", input: ["sums", "b"], output: ["y"] }],
        initializers: [tensor("b", [1], [1])],
      }),
    "a leaf that adds to two outputs": () => {
      const given = randomTrees({ ...kind, trees: 2, outputs: 2, depth: 0 });
      const twice = {
        target_treeids: [0, 0, 1],
        target_nodeids: [0, 0, 0],
        target_ids: [0, 1, 1],
        target_weights: { floats: [1, 2, 3] },
      };
      return graphOf({ ...given, ...twice }, { ...kind, outputs: 2 });
    },
  };
  test.each(Object.entries(cases))("%s", async (_, make) => {
    const { own, runtime } = await both(make());
    expect(own.backend).toBe("onnxruntime");
    const values = Float32Array.from({ length: 20 }, anyValue);
    expect(await answersOf(own, { values, rows: 10 })).toEqual(await answersOf(runtime, { values, rows: 10 }));
  });

  test("a file that is cut off or changed anywhere is refused or answers: nothing reads beyond it", async () => {
    const whole = graphOf(randomTrees({ trees: 2, features: 2, depth: 2 }), kind);
    for (let at = 0; at < whole.length; at += inject("full") ? 1 : 7) {
      const changed = Uint8Array.from(whole);
      changed[at] = (changed[at] as number) ^ (1 << below(8));
      for (const bytes of [whole.subarray(0, at), changed]) {
        writeFileSync(join(folder, "damaged.onnx"), bytes);
        const trees = readOnnxTrees(join(folder, "damaged.onnx"));
        if (trees === undefined) continue;
        const model = servedOnnxTrees(trees);
        const features = model.inputs[0]?.shape[1] ?? 0;
        const answer = await answersOf(model, { values: new Float32Array(features), rows: 1 });
        expect(answer.data).toHaveLength(model.outputs[0]?.shape[1] ?? 0);
      }
    }
  });
});
