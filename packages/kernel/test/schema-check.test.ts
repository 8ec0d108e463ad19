import { expect, test } from "vitest";
import { faultsOf, matches, Type } from "../src/index.ts";

const Point = Type.Object({ x: Type.Number(), name: Type.Optional(Type.String()) });

test("a value matches its schema, or each fault has its place", () => {
  expect(matches(Point, { x: 1 })).toBe(true);
  expect(faultsOf(Point, { x: 1 })).toEqual([]);
  expect(matches(Point, { x: "1", name: 2 })).toBe(false);
  expect(faultsOf(Point, { x: "1", name: 2 }).map(({ instancePath }) => instancePath)).toEqual(["/x", "/name"]);
});
