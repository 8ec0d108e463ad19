import { describe, expect, test } from "vitest";
import { versionBefore, type AliasChange } from "../src/alias-change.ts";
import { compareVersions } from "../src/compare-versions.ts";

function changes(...moves: readonly (readonly [AliasChange["kind"], number])[]) {
  return moves.map(([kind, version]) => ({ kind, version, previousVersion: null }));
}

describe("the version before", () => {
  test.each([
    ["none at first", changes(), undefined],
    ["none before the first", changes(["promote", 1]), undefined],
    ["the one before", changes(["promote", 1], ["promote", 2]), 1],
    ["further back after a rollback", changes(["promote", 1], ["promote", 2], ["promote", 3], ["rollback", 2]), 1],
    [
      "what was rolled back from is not gone to again",
      changes(["promote", 1], ["promote", 2], ["rollback", 1]),
      undefined,
    ],
    [
      "a rollback over two",
      changes(["promote", 1], ["promote", 2], ["promote", 3], ["rollback", 1], ["promote", 4]),
      1,
    ],
    ["a version anew", changes(["promote", 1], ["promote", 2], ["promote", 2]), 1],
  ] as const)("is %s", (_name, moves, expected) => {
    expect(versionBefore(moves)).toBe(expected);
  });

  test("is the one that an alias meant before its moves were kept", () => {
    expect(versionBefore([{ kind: "promote", version: 5, previousVersion: 4 }])).toBe(4);
  });
});

test("two versions are compared by metrics, parameters and features", () => {
  const version = (number: number, details: object) => ({
    model: "late",
    version: number,
    runId: `run-${number}`,
    artifactPath: "",
    details: details as Record<string, unknown>,
    createdAtMs: 0,
    aliases: [],
  });
  const one = version(2, {
    metrics: { test: { auc: 0.75, rows: 10 } },
    parameters: { trees: 80, leaves: 31 },
    signature: { features: ["a", "c"] },
  });
  const other = version(1, {
    metrics: { test: { auc: 0.5, rows: 10, brier: 0.1 } },
    parameters: { trees: 40, leaves: 31, seed: 1 },
    signature: { features: ["a", "b"] },
  });
  expect(compareVersions(one, other)).toEqual({
    model: "late",
    version: 2,
    with: 1,
    metrics: [
      { part: "test", metric: "auc", value: 0.75, other: 0.5, difference: 0.25 },
      { part: "test", metric: "rows", value: 10, other: 10, difference: 0 },
    ],
    parameters: [
      { name: "seed", value: null, other: "1" },
      { name: "trees", value: "80", other: "40" },
    ],
    featuresAdded: ["c"],
    featuresRemoved: ["b"],
  });
});
