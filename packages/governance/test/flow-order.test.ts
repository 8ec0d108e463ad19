import { expect, test } from "vitest";
import { inFlowOrder } from "../src/flow-order.ts";

const link = (from: string, to: string) => ({ from, to });
const told = (links: readonly { readonly from: string; readonly to: string }[]) =>
  inFlowOrder(links).map(({ from, to }) => `${from}${to}`);

test("what something is made of comes before it, whatever the order given", () => {
  const links = [link("c", "d"), link("b", "c"), link("z", "b"), link("z", "d"), link("b", "a")];
  expect(told(links)).toEqual(["zb", "zd", "ba", "bc", "cd"]);
  expect(told(links.toReversed())).toEqual(["zb", "zd", "ba", "bc", "cd"]);
});

test("a circle and what hangs on it come last", () => {
  expect(told([link("x", "y"), link("y", "x"), link("y", "out"), link("a", "b")])).toEqual(["ab", "xy", "yout", "yx"]);
});
