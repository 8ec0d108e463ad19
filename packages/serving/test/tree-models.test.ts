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

const { python } = inject("means");
const hasLibraries = inject("full") && python !== undefined && imports(python, "import lightgbm, xgboost");

function imports(program: string, statement: string): boolean {
  try {
    execFileSync(program, ["-c", statement], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasLibraries)("models of every objective, made by the libraries themselves", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mill-trees-"));
    execFileSync(python ?? "", [join(import.meta.dirname, "support", "make-tree-models.py"), folder], {
      stdio: "ignore",
    });
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("each answers as its library does", async () => {
    const cases = treeCases(folder);
    expect(cases.length).toBeGreaterThan(50);
    // LightGBM's exponential function is the C library's, which is another on a processor without fused operations.
    for (const recorded of cases) await expectOwnAnswers(recorded, { ulpsMax: recorded.datatype === "FP64" ? 4 : 0 });
  });
});
