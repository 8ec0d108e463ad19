import type { Snapshot } from "@millwright/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { endsOf } from "../src/models/axis-ends.ts";
import { snapshotTree, type Head } from "../src/tables/snapshot-tree.ts";
import { squarify } from "../src/tables/treemap.ts";

const snapshot = (id: string, parentId: string | null): Snapshot => ({
  table: "t",
  snapshotId: id,
  parentId,
  operation: "append",
  committedAtMs: id.codePointAt(0) ?? 0,
  rowCount: 1,
  summary: {},
});

test("a treemap's boxes are as large as their shares, lie within, and none upon another", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      weights,
      fc.integer({ min: 10, max: 2_000 }),
      fc.integer({ min: 10, max: 600 }),
      (unsorted, width, height) => {
        const sorted = unsorted.toSorted((one, other) => other - one);
        const total = sorted.reduce((sum, weight) => sum + weight, 0);
        const boxes = squarify(sorted, { x: 0, y: 0, width, height });
        for (const [index, box] of boxes.entries()) {
          const share = (sorted[index] ?? 0) / total;
          expect((box.width * box.height) / (width * height)).toBeCloseTo(share, 6);
          expect(box.x + box.width).toBeLessThanOrEqual(width + 1e-6);
          expect(box.y + box.height).toBeLessThanOrEqual(height + 1e-6);
          for (const other of boxes.slice(index + 1)) {
            const across = Math.min(box.x + box.width, other.x + other.width) - Math.max(box.x, other.x);
            const down = Math.min(box.y + box.height, other.y + other.height) - Math.max(box.y, other.y);
            expect(Math.min(across, down)).toBeLessThanOrEqual(1e-6);
          }
        }
      },
    ),
    { numRuns: 50 },
  );
  expect(squarify([0, 0], { x: 0, y: 0, width: 10, height: 10 }).map(({ width }) => width)).toEqual([0, 0]);
});

test("each head has a lane for what no line before it has, and of many snapshots the newest are placed", () => {
  const snapshots = [
    snapshot("a", null),
    snapshot("b", "a"),
    snapshot("c", "b"),
    snapshot("d", "b"),
    snapshot("e", "c"),
  ];
  const heads: readonly Head[] = [
    { name: "main", kind: "main", snapshotId: "e" },
    { name: "audit", kind: "project branch", snapshotId: "d" },
    { name: "month-end", kind: "tag", snapshotId: "b" },
  ];
  const { placed, links, lanes } = snapshotTree([...snapshots, ...snapshots], heads, 10);
  expect(placed.map((one) => [one.snapshot.snapshotId, one.lane, one.heads.map(({ name }) => name)])).toEqual([
    ["a", 0, []],
    ["b", 0, ["month-end"]],
    ["c", 0, []],
    ["d", 1, ["audit"]],
    ["e", 0, ["main"]],
  ]);
  expect(lanes).toBe(2);
  expect(links.map(({ from, to }) => from.snapshot.snapshotId + to.snapshot.snapshotId)).toEqual([
    "ab",
    "bc",
    "bd",
    "ce",
  ]);
  expect(snapshotTree(snapshots, heads, 2).placed.map((one) => one.snapshot.snapshotId)).toEqual(["d", "e"]);
});

test("an axis ends at round values around its own", () => {
  expect(endsOf([0.271, 0.412])).toEqual({ min: 0.25, max: 0.45 });
  const same = endsOf([3, 3]);
  expect(same.max).toBeGreaterThan(same.min);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1 }), (thousandths) => {
      const values = thousandths.map((value) => value / 1_000);
      const { min, max } = endsOf(values);
      expect(min).toBeLessThanOrEqual(Math.min(...values));
      expect(max).toBeGreaterThanOrEqual(Math.max(...values));
    }),
  );
});
