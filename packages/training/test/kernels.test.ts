import { describe, expect, test } from "vitest";
import { compileKernels, FEATURE_BYTES, startKernels } from "../src/boosting/kernels/kernels.ts";
import { webAssembly } from "../src/boosting/kernels/web-assembly.ts";

const ROWS = 2_000;
const PLACES = { gradients: 64, order: 65_536, spare: 131_072, table: 196_608, block: 262_144, histogram: 393_216 };

function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function prepared(width: number) {
  const memory = new webAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const { buffer } = memory;
  const random = numbers(width);
  const views = {
    gradients: new Float32Array(buffer, PLACES.gradients, ROWS * 2),
    order: new Int32Array(buffer, PLACES.order, ROWS),
    spare: new Int32Array(buffer, PLACES.spare, ROWS),
    table: new Uint8Array(buffer, PLACES.table, 256),
    block: new Uint8Array(buffer, PLACES.block, ROWS * width),
    histogram: new Float64Array(buffer, PLACES.histogram, (width * FEATURE_BYTES) / 8),
  };
  views.gradients.forEach((_value, index) => (views.gradients[index] = random() - 0.5));
  views.order.forEach((_value, index) => (views.order[index] = (index * 7) % ROWS));
  views.block.forEach((_value, index) => (views.block[index] = Math.floor(random() * 256)));
  views.table.forEach((_value, index) => (views.table[index] = random() < 0.4 ? 1 : 0));
  return { kernels: startKernels(compileKernels([width]), memory), views };
}

describe("the kernels", () => {
  test.each([1, 2, 5, 30, 32])("sum %i features as the plain loop does, bit for bit", (width) => {
    const { kernels, views } = prepared(width);
    const expected = new Float64Array(views.histogram.length);
    const [from, to] = [3, ROWS - 5];
    for (const row of views.order.subarray(from, to))
      for (let feature = 0; feature < width; feature += 1) {
        const at = feature * 512 + (views.block[row * width + feature] ?? 0) * 2;
        expected[at] = (expected[at] ?? 0) + (views.gradients[2 * row] ?? 0);
        expected[at + 1] = (expected[at + 1] ?? 0) + (views.gradients[2 * row + 1] ?? 0);
      }
    const [order, orderEnd] = [PLACES.order + from * 4, PLACES.order + to * 4];
    kernels.sum(width, { ...PLACES, order, orderEnd });
    expect(Buffer.from(views.histogram.slice().buffer).equals(Buffer.from(expected.buffer))).toBe(true);
  });

  test("partition rows by the table: left ones in order, right ones in reverse, none lost", () => {
    const width = 5;
    const { kernels, views } = prepared(width);
    const goesLeft = (row: number) => views.table[views.block[row * width + 3] ?? 0] === 1;
    const rows = Array.from(views.order);
    const [left, right] = [PLACES.spare, PLACES.spare + (ROWS - 1) * 4];
    const [order, orderEnd] = [PLACES.order, PLACES.order + ROWS * 4];
    const end = kernels.partition({
      order,
      orderEnd,
      column: PLACES.block + 3,
      stride: width,
      table: PLACES.table,
      left,
      right,
    });
    expect((end - left) / 4).toBe(rows.filter(goesLeft).length);
    expect(Array.from(views.spare)).toEqual([
      ...rows.filter(goesLeft),
      ...rows.filter((row) => !goesLeft(row)).toReversed(),
    ]);
  });
});
