import { expect, test } from "vitest";
import { requireMemory } from "../src/boosting/require-memory.ts";

const needs = { rows: 3_000_000, features: 34, outputs: 1, leaves: 31, threads: 2 };
const GB = 1e9;

test("a training says before it reads how much its bins and all the rest will take", () => {
  const plenty = { totalBytes: 16 * GB, availableBytes: 8 * GB };
  expect(requireMemory(needs, plenty)).toMatch(
    /^3,000,000 rows by 34 features are 102 MB of bins .*, 2\d\d MB in all$/,
  );
  expect(requireMemory(needs, { totalBytes: 16 * GB, availableBytes: GB / 5 })).toMatch(/only 200 MB are free/);
});

test("one that cannot be is refused by its bins, not by what its rows would take as numbers", () => {
  const refused = (rows: number, totalBytes: number) => () =>
    requireMemory({ ...needs, rows }, { totalBytes, availableBytes: totalBytes });
  expect(refused(20_000_000, 2 * GB)).not.toThrow();
  expect(refused(60_000_000, 3 * GB)).toThrow(expect.objectContaining({ code: "training/too-large" }));
  expect(refused(60_000_000, 3 * GB)).toThrow(/2\.0 GB of bins \(a byte a cell\).*the machine has 3\.0 GB/);
  expect(refused(100_000_000, 1_000 * GB)).toThrow(/3\.4 GB of bins.*needs 5\.\d GB, and reaches 4\.3 GB/);
});
