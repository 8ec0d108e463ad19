import { createHash } from "node:crypto";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as onnx from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLogger } from "@millwright/kernel";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { edit, mill, millJson, smallFlights } from "../../../e2e/support/project.ts";
import { decodeModel, scoreRow, type TreeModel } from "../src/index.ts";

// The flights example's model as the road trains it: over made-up flights, or with MILL_FULL=1 over all three million.

const isFull = process.env["MILL_FULL"] === "1";
const MINUTES = 60_000;

let projectDir: string;

beforeAll(
  () => {
    projectDir = isFull ? allFlights() : smallFlights();
    expect(mill(["run", "--project", projectDir]).code).toBe(0);
  },
  isFull ? 20 * MINUTES : undefined,
);

afterAll(() => {
  rmSync(projectDir, { recursive: true, force: true });
});

/** The example as it is, in a folder of its own. */
function allFlights(): string {
  const root = join(import.meta.dirname, "..", "..", "..");
  const folder = mkdtempSync(join(tmpdir(), "mill-all-flights-"));
  cpSync(join(root, "examples", "flights"), folder, {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.mill)(\/|$)/.test(path),
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** The newest version's folder. */
function newestArtifact(): string {
  const models = globSync(join(projectDir, ".mill/artifacts/*/model.mwt"));
  return dirname(models.toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).at(-1) ?? "");
}

/** Every row that the model learned from or was judged on, as float32, a batch at a time. */
async function* rows(model: TreeModel): AsyncIterable<{ readonly rows: number; readonly values: Float32Array }> {
  const folder = join(projectDir, ".mill/lake/main/late_flights_training/data");
  const tempFolder = mkdtempSync(join(tmpdir(), "mill-rows-"));
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder,
    memoryMb: 2_048,
    threads: 2,
    logger: silentLogger,
  });
  const width = model.features.length;
  const names = model.features.map((name) => `"${name}"`).join(", ");
  try {
    for await (const batch of engine.readColumns(`SELECT ${names} FROM read_parquet('${folder}/*.parquet')`)) {
      const values = new Float32Array(batch.rows * width);
      batch.columns.forEach((column, feature) => {
        for (let row = 0; row < batch.rows; row += 1)
          values[row * width + feature] = column.valid?.[row] === 0 ? Number.NaN : Number(column.values[row]);
      });
      yield { rows: batch.rows, values };
    }
  } finally {
    await engine.close();
    rmSync(tempFolder, { recursive: true, force: true });
  }
}

describe("the flights model", () => {
  test(
    "answers the same as ONNX on every row of the training, validation and test months",
    async () => {
      const artifact = newestArtifact();
      const model = decodeModel(readFileSync(join(artifact, "model.mwt")));
      const session = await onnx.InferenceSession.create(readFileSync(join(artifact, "model.onnx")));
      const width = model.features.length;
      let compared = 0;
      let worst = 0;
      for await (const batch of rows(model)) {
        const features = new onnx.Tensor("float32", batch.values, [batch.rows, width]);
        const theirs = (await session.run({ features }))["probability"]?.data as Float32Array;
        for (let row = 0; row < batch.rows; row += 1) {
          const ours = scoreRow(model, batch.values.subarray(row * width, (row + 1) * width));
          worst = Math.max(worst, Math.abs(ours - (theirs[row] ?? Number.NaN)));
        }
        compared += batch.rows;
      }
      console.log(`${compared} rows compared, largest difference ${worst}`);
      expect(compared).toBeGreaterThan(isFull ? 2_800_000 : 8_000);
      expect(worst).toBeLessThanOrEqual(1e-6);
    },
    isFull ? 10 * MINUTES : undefined,
  );

  test.skipIf(isFull)("is the same file, byte for byte, with one, two and three threads", () => {
    const hashes = [2, 3, 1].map((threads) => {
      edit(projectDir, "millwright.ts", (text) => text.replace(/limits: \{.*\}/, `limits: { threads: ${threads} }`));
      expect(mill(["run", "--select", "training:late-flights", "--force", "--project", projectDir]).code).toBe(0);
      return createHash("sha256")
        .update(readFileSync(join(newestArtifact(), "model.mwt")))
        .digest("hex");
    });
    expect(globSync(join(projectDir, ".mill/artifacts/*/model.mwt"))).toHaveLength(4);
    expect(new Set(hashes).size).toBe(1);
  });

  test.skipIf(isFull)(
    "gives way as champion only to one that is not worse, on the same rows, and good in each slice",
    () => {
      const before = trainAgain((text) => text.replace("trees: 5", "trees: 1"));
      const [champion, worse] = [before.find(isChampion), before[0]];
      expect(worse?.aliases).toEqual(["candidate"]);
      const held = worse?.details.gates.find(({ gate }) => gate === "auc not worse than champion");
      expect(held).toEqual({
        gate: "auc not worse than champion",
        passed: false,
        observed: worse?.details.metrics.test.auc,
        needed: champion?.details.metrics.test.auc,
      });
      // Judged on other rows than the champion was, which is therefore judged on these too.
      const after = trainAgain((text) =>
        text
          .replace('testFrom: "2001-06-01"', 'testFrom: "2001-06-16"')
          .replace("gates: [", 'gates: [sliceAtLeast("auc", 0.99, { column: "origin", minRows: 10 }), ')
          .replace("import { ", "import { sliceAtLeast, "),
      );
      const [slice, , guard] = after[0]?.details.gates ?? [];
      expect(slice?.gate).toMatch(/^auc >= 0\.99 for each origin \(worst origin (?:ORD|SFO|JFK|DEN)\)$/);
      expect(slice?.passed).toBe(false);
      expect(guard).toMatchObject({ gate: "auc not worse than champion", passed: false });
      expect(guard?.needed).not.toBe(champion?.details.metrics.test.auc);
      expect(guard?.needed).toBeCloseTo(champion?.details.metrics.test.auc ?? 0, 1);
      expect(after.find(isChampion)?.version).toBe(champion?.version);
    },
  );
});

interface Version {
  readonly version: number;
  readonly aliases: readonly string[];
  readonly details: {
    readonly metrics: { readonly test: { readonly auc: number } };
    readonly gates: readonly { readonly gate: string; readonly passed: boolean; readonly needed: number | null }[];
  };
}

const isChampion = ({ aliases }: Version) => aliases.includes("champion");

/** Trains with a definition changed so that a gate does not hold; answers the versions that there are then, the newest first. */
function trainAgain(change: (text: string) => string): readonly Version[] {
  edit(projectDir, "training/late-flights.ts", change);
  expect(mill(["run", "--select", "training:late-flights", "--force", "--project", projectDir]).code).toBe(1);
  return millJson(["models", "show", "late-flights", "--project", projectDir]) as readonly Version[];
}
