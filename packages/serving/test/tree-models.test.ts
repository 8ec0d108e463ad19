import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { readTrees } from "../src/trees/read-trees.ts";
import { servedTrees } from "../src/trees/served-trees.ts";
import { treeCases, type Told, type TreeCase } from "./support/tree-cases.ts";

// Models that LightGBM and XGBoost made, and what the libraries themselves answer with them.

const OUTPUTS: Readonly<Record<Told, string>> = {
  prediction: "predict",
  margin: "margin",
  leaf: "leaf",
  contributions: "contributions",
};

/** Holds a model's answers against its library's: the same bits, and of contributions the same to the sixth digit. */
async function expectOwnAnswers(recorded: TreeCase, { ulpsMax }: { readonly ulpsMax: number }): Promise<void> {
  const model = servedTrees(readTrees(recorded.bytes), {});
  const input = { name: "any", datatype: "FP64", shape: recorded.rows, data: recorded.input } as const;
  for (const [of, name] of Object.entries(OUTPUTS) as [Told, string][]) {
    const wanted = recorded.told(of);
    if (wanted === undefined) continue;
    const [found] = await model.infer([input], [name]);
    // LightGBM puts the contributions of all classes into one row.
    const shape = of === "contributions" ? [found?.data.length] : found?.shape;
    expect(shape, `${recorded.name}: ${name}`).toEqual(of === "contributions" ? [wanted.length] : recorded.shapes[of]);
    expect(found?.datatype, name).toBe(of === "leaf" ? "INT32" : recorded.datatype);
    const given = { found: found?.data as Float64Array, wanted: wanted as Float64Array };
    if (of === "contributions") expect(farthest(given), `${recorded.name}: ${name}`).toBeLessThan(2e-5);
    else expect(ulpsApart(given), `${recorded.name}: ${name}`).toBeLessThanOrEqual(of === "prediction" ? ulpsMax : 0);
  }
}

interface Compared {
  readonly found: Float64Array;
  readonly wanted: Float64Array;
}

/** The largest difference, in units of the last place of the wanted number. */
function ulpsApart({ found, wanted }: Compared): number {
  const bits = wanted instanceof Float64Array ? 52 : 23;
  const apart = Array.from(wanted, (want, at) => {
    const got = found[at] as number;
    if (Object.is(want, got) || want === got) return 0;
    return Math.abs(want - got) / 2 ** (Math.floor(Math.log2(Math.abs(want))) - bits);
  });
  return apart.reduce((most, one) => (one > most || Number.isNaN(one) ? one : most), 0);
}

function farthest({ found, wanted }: Compared): number {
  return wanted.reduce(
    (most, want, at) => Math.max(most, Math.abs(want - (found[at] as number)) / (1 + Math.abs(want))),
    0,
  );
}

describe("recorded models", () => {
  test.each(treeCases(join(import.meta.dirname, "tree-models")).map((recorded) => [recorded.name, recorded] as const))(
    "%s answers bit for bit as its library does",
    (_name, recorded) => expectOwnAnswers(recorded, { ulpsMax: 0 }),
  );
});

describe("files that are broken", () => {
  const recorded = treeCases(join(import.meta.dirname, "tree-models"));

  /** A seeded sequence of whole numbers below a bound (a linear congruential generator). */
  function numbers(seed: number): (bound: number) => number {
    let state = seed;
    return (bound) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
  }

  test("with some bytes changed or its end cut off, a file is refused or answers, and never hangs", async () => {
    const next = numbers(5);
    let refused = 0;
    for (const { bytes, input, rows } of recorded)
      for (let round = 0; round < (inject("full") ? 2_000 : 40); round += 1) {
        const broken = Uint8Array.from(next(4) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes);
        for (let changes = next(4); changes >= 0; changes -= 1) broken[next(broken.length)] = next(128);
        try {
          const model = servedTrees(readTrees(broken), {});
          const shape = [1, model.inputs[0]?.shape[1] ?? 0];
          const data = new Float64Array(shape[1] ?? 0).map((_, at) => input[at % rows[1]] ?? 0);
          await model.infer(
            [{ name: "x", datatype: "FP64", shape, data }],
            model.outputs.map(({ name }) => name),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          refused += 1;
        }
      }
    expect(refused).toBeGreaterThan(recorded.length);
  });

  const model = {
    learner: {
      attributes: {},
      feature_names: [],
      learner_model_param: { base_score: "0", num_class: "0", num_feature: "1", num_target: "1" },
      objective: { name: "reg:squarederror" },
      gradient_booster: {
        name: "gbtree",
        model: {
          tree_info: [0],
          trees: [
            {
              tree_param: { size_leaf_vector: "1" },
              left_children: [1, -1, -1],
              right_children: [2, -1, -1],
              split_indices: [0, 0, 0],
              split_conditions: [0.5, 1, 2],
              default_left: [0, 0, 0],
            },
          ],
        },
      },
    },
  };
  const text = JSON.stringify(model);
  test.each([
    ["a node that is its own child", text.replace("[1,-1,-1]", "[0,-1,-1]"), /two parents/],
    ["two ways to one node", text.replace("[2,-1,-1]", "[1,2,-1]").replace("[1,-1,-1]", "[1,2,-1]"), /two parents/],
    ["a child that is not there", text.replace("[2,-1,-1]", "[7,-1,-1]"), /the child 7, which there is not/],
    ["a feature that is not there", text.replace("[0,0,0]", "[4,0,0]"), /splits by feature 4; there are 1/],
    ["an output that is not there", text.replace('"tree_info":[0]', '"tree_info":[3]'), /an output that there is not/],
    ["more outputs than are served", text.replace('"num_class":"0"', '"num_class":"900000000"'), /900000000 outputs/],
    ["another objective", text.replace("reg:squarederror", "reg:mine"), /"reg:mine", which is not known/],
    ["a linear booster", text.replace("gbtree", "gblinear"), /gblinear, a linear model and no trees/],
    ["a vector in each leaf", text.replace('vector":"1"', 'vector":"2"'), /a vector in each leaf/],
    ["XGBoost's old binary form", "binf\0\0\0", /old binary form is saved anew/],
  ])("%s is refused by name", (_what, file, why) => {
    expect(readTrees(Buffer.from(text)).ensemble.roots).toHaveLength(1);
    expect(() => readTrees(Buffer.from(file))).toThrow(why);
  });
});

test("a linear leaf of a feature that is not there is refused: it would be another row's", () => {
  const text = (feature: number) => `tree
version=v4
num_tree_per_iteration=1
max_feature_idx=0
objective=regression
feature_names=a

Tree=0
num_leaves=1
leaf_value=1
is_linear=1
leaf_const=1
num_features=1
leaf_features=${feature}
leaf_coeff=2

end of trees
`;
  expect(readTrees(Buffer.from(text(0))).ensemble.linear?.features).toEqual(Int32Array.of(0));
  expect(() => readTrees(Buffer.from(text(1)))).toThrow(/linear leaf has feature 1; there are 1/);
});

const { python, treeLibraries } = inject("means");

describe.skipIf(treeLibraries === undefined)(
  "models made by the libraries themselves, of every objective at full width",
  () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "mill-trees-"));
      const script = join(import.meta.dirname, "support", "make-tree-models.py");
      execFileSync(python ?? "", [script, folder, ...(inject("full") ? [] : ["--small"])], { stdio: "ignore" });
    }, 600_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test("each answers as its library does", async () => {
      const cases = treeCases(folder);
      expect(cases.length).toBeGreaterThan(inject("full") ? 50 : 8);
      // LightGBM's exponential function is the C library's, which is another on a processor without fused operations.
      for (const recorded of cases) await expectOwnAnswers(recorded, { ulpsMax: recorded.datatype === "FP64" ? 4 : 0 });
    });
  },
);
