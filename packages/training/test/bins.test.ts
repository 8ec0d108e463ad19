import { expect, test } from "vitest";
import { fillBins, findBins, searchOf } from "../src/boosting/bins.ts";
import { sortedFloats } from "../src/boosting/sorted-floats.ts";

/** Numbers of all sizes and both signs, the odd ones among them; the same each time. */
function numbers(length: number): Float32Array {
  let state = 3;
  const values = Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const size = 10 ** ((state % 60) - 30);
    return ((state >>> 8) / 2 ** 24 - 0.5) * size;
  });
  values.set([0, -0, 1, 1, Infinity, -Infinity, Number.NaN, 1e-45, -1e-45, 3.4e38], 5);
  return values;
}

test("floats are sorted by their bits as by comparing them, what is no number left out", () => {
  const values = numbers(20_000);
  const compared = values.filter((value) => !Number.isNaN(value)).sort((one, other) => one - other);
  expect(sortedFloats(values)).toHaveLength(compared.length);
  expect(Array.from(sortedFloats(values), (value) => value + 0)).toEqual(Array.from(compared, (value) => value + 0));
  expect(sortedFloats(Float32Array.of(Number.NaN))).toHaveLength(0);
});

test("a value's bin is the first one whose threshold it is not above, found by half of its bits", () => {
  const values = numbers(5_000);
  for (const bins of [
    findBins(values, 255),
    { upper: Float32Array.of(-1, -1e-45, 0, 1, 1.0001, 1e30) },
    { upper: new Float32Array() },
  ]) {
    const block = new Uint8Array(values.length);
    const places = Int32Array.from(values.keys()).reverse();
    fillBins(values, searchOf(bins), { block, width: 1, at: 0, places, from: 0, to: values.length });
    values.forEach((value, row) => {
      const above = bins.upper.filter((threshold) => value > threshold).length;
      expect(block[places[row] ?? 0]).toBe(Number.isNaN(value) ? 0 : above + 1);
    });
  }
});
