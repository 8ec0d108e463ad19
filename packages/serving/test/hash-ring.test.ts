import { expect, test } from "vitest";
import { createHashRing } from "../src/shards/hash-ring.ts";

const NAMES = Array.from({ length: 20_000 }, (_, at) => `team-${at % 97}/model ${at}`);

function shares(members: number): readonly number[] {
  const ring = createHashRing(members);
  const counts = Array.from({ length: members }, () => 0);
  for (const name of NAMES) counts[ring.owner(name)] = (counts[ring.owner(name)] ?? 0) + 1;
  return counts.map((count) => (count * members) / NAMES.length);
}

test.each([1, 2, 3, 5, 8, 16])("%i members have nearly equal shares of all names", (members) => {
  for (const share of shares(members)) expect(Math.abs(share - 1)).toBeLessThan(0.2);
});

test.each([1, 2, 3, 7, 15])("with one more than %i members, only what is the new one's moves", (members) => {
  const [before, after] = [createHashRing(members), createHashRing(members + 1)];
  const moved = NAMES.filter((name) => before.owner(name) !== after.owner(name));
  for (const name of moved) expect(after.owner(name)).toBe(members);
  expect(moved.length / NAMES.length).toBeLessThan(1.25 / (members + 1));
  expect(moved.length).toBeGreaterThan(0);
});

test("every process draws the same", () => {
  const owners = ["", "churn", "Kündigung", "m4711", "m4712"].map((name) => createHashRing(4).owner(name));
  expect(owners).toEqual(["", "churn", "Kündigung", "m4711", "m4712"].map((name) => createHashRing(4).owner(name)));
  expect(owners).toMatchInlineSnapshot(`
    [
      2,
      3,
      0,
      0,
      3,
    ]
  `);
});
