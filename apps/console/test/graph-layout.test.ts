import type { InferenceGraph } from "@millwright/client";
import { expect, test } from "vitest";
import { layOutGraph, type GraphStep } from "../src/graphs/graph-layout.ts";
import { recentOf } from "../src/graphs/use-graphs.ts";

const step = (name: string, more: Partial<GraphStep> = {}): GraphStep => ({
  name,
  to: "model",
  target: `${name}-model`,
  dependency: "Soft",
  requests: 0,
  failures: 0,
  skipped: 0,
  seconds: 0,
  ...more,
});

const NODES: InferenceGraph["nodes"] = {
  root: {
    routerType: "Switch",
    steps: [
      step("large", { to: "node", target: "both", condition: "instances.#(amount>100)" }),
      step("small", { condition: "@this" }),
      step("again", { to: "node", target: "both" }),
    ],
  },
  both: {
    routerType: "Sequence",
    steps: [step("first", { dependency: "Hard" }), step("second", { data: "$response" })],
  },
};

test("a graph's boxes lie apart, each node around its own, and a node that two steps go to is drawn once", () => {
  const { width, height, nodes, steps, edges } = layOutGraph(NODES);
  expect(nodes.map(({ key }) => key)).toEqual(["root", "both"]);
  expect(steps.map(({ key }) => key)).toEqual(["both/0", "both/1", "root/1", "root/2"]);
  type Box = Pick<(typeof steps)[number], "x" | "y" | "width" | "height">;
  const inside = (one: Box, other: Box) =>
    one.x >= other.x &&
    one.y >= other.y &&
    one.x + one.width <= other.x + other.width &&
    one.y + one.height <= other.y + other.height;
  const whole = { x: 0, y: 0, width, height };
  for (const one of steps) expect(inside(one, whole)).toBe(true);
  for (const both of steps.slice(0, 2)) for (const node of nodes) expect(inside(both, node)).toBe(true);
  for (const [at, one] of steps.entries())
    for (const other of steps.slice(at + 1)) {
      const isApart =
        one.x + one.width <= other.x ||
        other.x + other.width <= one.x ||
        one.y + one.height <= other.y ||
        other.y + other.height <= one.y;
      expect(isApart).toBe(true);
    }
  expect(edges.find(({ key }) => key === "both/0 1")?.label).toBe("the answer");
  expect(steps.find(({ key }) => key === "root/1")?.note).toBe("else");
  // In a straight line, what leads in ends where what leads on begins.
  for (const { from, to } of edges) expect(from.x).toBeLessThan(to.x);
});

test("what a step was asked of late is the difference of two samples; a process that began anew has none", () => {
  const sample = (atMs: number, counts: Partial<GraphStep>) => ({
    atMs,
    graphs: [
      {
        name: "g",
        state: "READY" as const,
        reason: "",
        nodes: { root: { routerType: "Sequence", steps: [step("one", counts)] } },
      },
    ],
  });
  const before = sample(1_000, { requests: 10, seconds: 1 });
  const after = sample(3_000, { requests: 30, seconds: 1.1 });
  const recent = recentOf([before, after], "g")("root", 0);
  expect(recent?.perSecond).toBe(10);
  expect(recent?.meanMs).toBeCloseTo(5);
  expect(recentOf([before], "g")("root", 0)).toBeUndefined();
  expect(recentOf([after, before], "g")("root", 0)).toBeUndefined();
});
