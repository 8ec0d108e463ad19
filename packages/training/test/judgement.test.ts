import { describe, expect, test } from "vitest";
import { evaluateGates } from "../src/gates.ts";
import { fitBaselines, predictBaselines } from "../src/judgement/baselines.ts";
import { judgePart, metricsOf, type AnsweredPart } from "../src/judgement/judge-part.ts";
import { judgeSlice } from "../src/judgement/judge-slices.ts";
import type { PartJudgement } from "../src/judgement/judgement.ts";
import { bestThreshold, curvesOf, rankingOf, sweepOf, type Curves } from "../src/judgement/sweep.ts";

const floats = (...values: readonly number[]) => Float32Array.from(values);

/** The same numbers each time. */
function randomNumbers(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function binary(labels: Float32Array, predictions: Float32Array): AnsweredPart {
  return { objective: "binary", classes: [], labels, predictions };
}

/** The area under the curve that is drawn. */
function areaOf({ positives, negatives, cuts }: Curves): number {
  return cuts.slice(1).reduce((area, cut, index) => {
    const before = cuts[index] ?? cut;
    const height = (cut.truePositives + before.truePositives) / 2 / positives;
    return area + (height * (cut.falsePositives - before.falsePositives)) / negatives;
  }, 0);
}

describe("a yes or no", () => {
  // Reckoned by hand; average precision is (1 + 1 + 3/5 + 4/6) / 4.
  const labels = floats(1, 1, 0, 0, 1, 1, 0, 0);
  const probabilities = floats(0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.1);

  test("is measured as by hand", () => {
    const metrics = metricsOf(binary(labels, probabilities), 0.5);
    expect(metrics).toMatchObject({ rows: 8, base_rate: 0.5, auc: 12 / 16, accuracy: 5 / 8, precision: 3 / 5 });
    expect(metrics.average_precision).toBeCloseTo((1 + 1 + 3 / 5 + 4 / 6) / 4, 12);
    expect(metrics).toMatchObject({ recall: 3 / 4, f1: 2 / 3 });
    const losses = [0.9, 0.8, 0.3, 0.4, 0.55, 0.4, 0.7, 0.9].map((right) => -Math.log(right));
    expect(metrics.log_loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 8, 6);
  });

  test("has its best threshold where F1 is highest, and says nothing of ranks where one label is missing", () => {
    // Six called positive hold all four: F1 is 8/10; two called hold two: 4/6.
    expect(bestThreshold(sweepOf(labels, probabilities))).toBeCloseTo(0.4, 6);
    const metrics = metricsOf(binary(floats(0, 0), floats(0.2, 0.4)), 0.5);
    expect(metrics).toMatchObject({ rows: 2, base_rate: 0, accuracy: 1 });
    expect(Object.keys(metrics)).not.toContain("auc");
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  });

  test("has a drawn curve whose area is the AUC, in some hundreds of points", () => {
    const random = randomNumbers();
    const scores = Float32Array.from({ length: 50_000 }, () => random() ** 2);
    const drawn = scores.map((score) => Number(random() < score));
    const sweep = sweepOf(drawn, scores);
    const curves = curvesOf(sweep);
    expect(curves.cuts.length).toBeLessThan(400);
    expect(Math.abs(areaOf(curves) - (rankingOf(sweep).auc ?? 0))).toBeLessThan(1e-4);
    expect(areaOf(curvesOf(sweepOf(labels, probabilities)))).toBeCloseTo(12 / 16, 12);
    const last = curves.cuts.at(-1);
    expect(last).toMatchObject({ truePositives: curves.positives, falsePositives: curves.negatives });
  });

  test("is told in slices that are the whole together", () => {
    const random = randomNumbers();
    const scores = Float32Array.from({ length: 3_000 }, random);
    const part = binary(
      scores.map((score) => Number(random() < score)),
      scores,
    );
    const codes = Float32Array.from({ length: 3_000 }, (_, row) => (row % 7) % 3);
    const slice = judgeSlice(part, { threshold: 0.5, sliced: { column: "kind", values: ["a", "b", "c", "d"], codes } });
    const whole = metricsOf(part, 0.5);
    const sum = (name: "log_loss" | "accuracy" | "base_rate") =>
      slice.values.reduce((total, { metrics }) => total + metrics.rows * (metrics[name] ?? 0), 0) / whole.rows;
    expect(slice.values.map(({ value }) => value)).toEqual(["a", "b", "c"]);
    expect(slice.values.reduce((rows, { metrics }) => rows + metrics.rows, 0)).toBe(3_000);
    expect(sum("log_loss")).toBeCloseTo(whole.log_loss ?? 0, 10);
    expect(sum("accuracy")).toBeCloseTo(whole.accuracy ?? 0, 10);
    expect(sum("base_rate")).toBeCloseTo(whole.base_rate ?? 0, 10);
  });
});

test("numbers are measured as by hand, and drawn with all their rows", () => {
  const part: AnsweredPart = {
    objective: "squared",
    classes: [],
    labels: floats(1, 2, 3, 4),
    predictions: floats(1, 3, 3, 2),
  };
  const { metrics, plots } = judgePart(part, null);
  expect(metrics).toMatchObject({ rows: 4, rmse: Math.sqrt(5 / 4), mae: 3 / 4, r2: 1 - 5 / 5 });
  expect(plots).toMatchObject({
    kind: "squared",
    fitted: [
      { rows: 1, predicted: 1, actual: 1 },
      { rows: 1, predicted: 2, actual: 4 },
      { rows: 1, predicted: 3, actual: 2 },
      { rows: 1, predicted: 3, actual: 3 },
    ],
  });
  const residuals = plots.kind === "squared" ? plots.residuals : [];
  expect(residuals.reduce((sum, { rows }) => sum + rows, 0)).toBe(4);
});

test("classes are measured as by hand, a class that is never called too", () => {
  const { metrics, plots } = judgePart(
    {
      objective: "softmax",
      classes: ["cat", "dog", "owl"],
      labels: floats(0, 0, 1, 2),
      predictions: floats(0.5, 0.3, 0.2, 0.2, 0.6, 0.2, 0.1, 0.8, 0.1, 0.3, 0.5, 0.2),
    },
    null,
  );
  expect(plots).toMatchObject({
    kind: "softmax",
    confusion: [
      [1, 1, 0],
      [0, 1, 0],
      [0, 1, 0],
    ],
    rates: [
      { name: "cat", rows: 2, called: 1, precision: 1, recall: 1 / 2, f1: 2 / 3 },
      { name: "dog", rows: 1, called: 3, precision: 1 / 3, recall: 1, f1: 1 / 2 },
      { name: "owl", rows: 1, called: 0, precision: null, recall: 0, f1: 0 },
    ],
  });
  expect(metrics.accuracy).toBe(1 / 2);
  expect(metrics.macro_f1).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 12);
  const right = [0.5, 0.2, 0.8, 0.2];
  expect(metrics.log_loss).toBeCloseTo(-right.reduce((sum, share) => sum + Math.log(share), 0) / 4, 6);
});

test("a row of weight 2 is judged as that row twice, whatever is learned", () => {
  const random = randomNumbers();
  const rows = 300;
  const weights = Float32Array.from({ length: rows }, (_, row) => 1 + (row % 3));
  const repeated = Array.from(weights).flatMap((weight, row) => Array.from({ length: weight }, () => row));
  for (const objective of ["binary", "squared", "softmax"] as const) {
    const width = objective === "softmax" ? 3 : 1;
    const labels = Float32Array.from({ length: rows }, () => Math.floor(random() * (width === 1 ? 2 : 3)));
    const predictions = Float32Array.from({ length: rows * width }, () => 0.05 + 0.9 * random());
    const part: AnsweredPart = { objective, classes: width === 1 ? [] : ["a", "b", "c"], labels, predictions };
    const twice: AnsweredPart = {
      ...part,
      labels: Float32Array.from(repeated, (row) => labels[row] ?? 0),
      predictions: Float32Array.from(
        repeated.flatMap((row) => [...predictions.subarray(row * width, (row + 1) * width)]),
      ),
    };
    const { rows: counted, ...metrics } = judgePart({ ...part, weights }, 0.5).metrics;
    const { rows: _twice, ...expected } = judgePart(twice, 0.5).metrics;
    expect(counted).toBe(rows);
    expect(Object.keys(metrics)).toEqual(Object.keys(expected));
    for (const [name, value] of Object.entries(expected))
      expect((metrics as Record<string, number>)[name], `${objective} ${name}`).toBeCloseTo(value, 9);
    const codes = Float32Array.from({ length: rows }, (_, row) => row % 2);
    const slices = judgeSlice(
      { ...part, weights },
      { threshold: 0.5, sliced: { column: "k", values: ["a", "b"], codes } },
    );
    const halves = judgeSlice(twice, {
      threshold: 0.5,
      sliced: { column: "k", values: ["a", "b"], codes: Float32Array.from(repeated, (row) => row % 2) },
    });
    const main = objective === "squared" ? "rmse" : "log_loss";
    expect(slices.values[0]?.metrics[main]).toBeCloseTo(halves.values[0]?.metrics[main] ?? 9, 9);
  }
});

describe("baselines", () => {
  const random = randomNumbers();
  const rows = 20_000;
  const columns = Array.from({ length: 3 }, () => Float32Array.from({ length: rows }, () => random() * 4 - 2));
  const [a = floats(), b = floats()] = columns;
  for (let row = 0; row < rows; row += 10) b[row] = Number.NaN;
  const score = (row: number) => 1.5 * (a[row] ?? 0) - (Number.isNaN(b[row]) ? 1 : (b[row] ?? 0)) - 0.5;
  const request = { columns, numeric: [0, 1, 2] };
  const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("find the line that made the labels, missing numbers included", () => {
    const labels = Float32Array.from({ length: rows }, (_, row) => Number(random() < 1 / (1 + Math.exp(-score(row)))));
    const fitted = fitBaselines({ objective: "binary", constant: [meanOf(labels)], labels, ...request });
    const [constant, linear] = predictBaselines(fitted, { columns, rows }).map(({ predictions }) =>
      metricsOf(binary(labels, predictions), 0.5),
    );
    const best = metricsOf(
      binary(
        labels,
        Float32Array.from(labels, (_, row) => 1 / (1 + Math.exp(-score(row)))),
      ),
      0.5,
    );
    expect(constant).toMatchObject({ auc: 0.5 });
    expect(constant?.calibration_error).toBeCloseTo(0, 6);
    expect(Math.abs((linear?.log_loss ?? 1) - (best.log_loss ?? 0))).toBeLessThan(0.001);
  });

  test("are least squares for a number, and shares and lines for classes", () => {
    const labels = Float32Array.from({ length: rows }, (_, row) => 10 * score(row));
    const fitted = fitBaselines({ objective: "squared", constant: [meanOf(labels)], labels, ...request });
    const line = predictBaselines(fitted, { columns, rows })[1]?.predictions ?? floats();
    expect(metricsOf({ objective: "squared", classes: [], labels, predictions: line }, null).rmse).toBeLessThan(0.01);
    const classes = labels.map((label) => (label < -10 ? 0 : label < 10 ? 1 : 2));
    const constant = [0, 1, 2].map((own) => meanOf(classes.map((label) => Number(label === own))));
    const kinds = fitBaselines({ objective: "softmax", constant, labels: classes, ...request });
    const [shares, lines] = predictBaselines(kinds, { columns, rows }).map(
      ({ predictions }) =>
        metricsOf({ objective: "softmax", classes: ["0", "1", "2"], labels: classes, predictions }, null).log_loss ?? 9,
    );
    expect(lines).toBeLessThan((shares ?? 0) * 0.6);
  });
});

describe("gates", () => {
  const plots: PartJudgement["plots"] = { kind: "squared", residuals: [], fitted: [] };
  const judgement = {
    metric: "auc",
    test: { metrics: { rows: 100, auc: 0.8, log_loss: 0.4 }, plots },
    baselines: [
      { name: "constant", title: "a constant guess", metrics: { rows: 100, auc: 0.5, log_loss: 0.7 } },
      { name: "linear", title: "logistic regression", metrics: { rows: 100, auc: 0.7, log_loss: 0.45 } },
    ],
    slices: [
      {
        column: "carrier",
        values: [
          { value: "AA", metrics: { rows: 60, auc: 0.82 } },
          { value: "UA", metrics: { rows: 38, auc: 0.74 } },
          { value: "ZZ", metrics: { rows: 2, auc: 0 } },
        ],
      },
    ],
  } as const;
  const held = (gates: Parameters<typeof evaluateGates>[0], champion?: number) =>
    evaluateGates(gates, {
      judgement,
      aliasMetrics: () => (champion === undefined ? undefined : { auc: champion, log_loss: champion }),
    });

  test("hold a version against the best baseline, and each slice of enough rows against a bound", () => {
    const slice = { kind: "slice", is: "at_least", metric: "auc", column: "carrier", minRows: 10 } as const;
    expect(
      held([
        { kind: "better_than_baseline", metric: "auc", margin: 0.05 },
        { kind: "better_than_baseline", metric: "log_loss", margin: 0.1 },
        { ...slice, bound: 0.74 },
        { ...slice, bound: 0.75 },
        { ...slice, bound: 0.1, minRows: 1_000 },
        { kind: "at_least", metric: "rmse", bound: 0 },
      ]).map(({ gate, passed, observed }) => [gate, passed, observed]),
    ).toEqual([
      ["auc better than the baselines by 0.05", true, 0.8],
      ["log_loss better than the baselines by 0.1", false, 0.4],
      ["auc >= 0.74 for each carrier (worst carrier UA)", true, 0.74],
      ["auc >= 0.75 for each carrier (worst carrier UA)", false, 0.74],
      ["auc >= 0.1 for each carrier (no carrier of 1000 rows)", false, null],
      ["rmse >= 0", false, null],
      ["auc not worse than champion", true, 0.8],
    ]);
  });

  test("keep a champion that is better by the main metric, unless a gate speaks of it", () => {
    expect(held([], 0.81).map(({ passed }) => passed)).toEqual([false]);
    expect(held([], 0.8).map(({ passed }) => passed)).toEqual([true]);
    const lenient = held([{ kind: "not_worse_than", alias: "champion", metric: "auc", tolerance: 0.02 }], 0.81);
    expect(lenient).toMatchObject([{ passed: true, needed: 0.81 }]);
  });
});
