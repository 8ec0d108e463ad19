import { expect, test } from "vitest";
import { systemIds } from "../src/index.ts";

test("ids of one process sort in the order of their making, within a millisecond too, and are UUIDv7", () => {
  const ids = Array.from({ length: 20_000 }, () => systemIds());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
