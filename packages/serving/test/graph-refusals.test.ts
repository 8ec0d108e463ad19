import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GraphDefinition, GraphStep } from "../src/graphs/graph-definition.ts";
import { node, numbers } from "./support/graph-parts.ts";
import { serveNamed } from "./support/serve-named.ts";

// Graphs that are refused, and leave those that are served as they are.

const CHAIN: GraphDefinition = { name: "chain", nodes: { root: node("Sequence", { serviceName: "double" }) } };

let served: Awaited<ReturnType<typeof serveNamed>>;
beforeAll(async () => {
  const double = numbers((values) => values.map((value) => 2 * value));
  served = await serveNamed(() => ({ double }), { graphs: [CHAIN] });
});
afterAll(() => served.close());

/** Sixty nodes, each of which asks the next one twice. */
function doubling(step: (to: string) => GraphStep): GraphDefinition["nodes"] {
  const names = ["root", ...Array.from({ length: 60 }, (_, at) => `n${at}`)];
  const nodes = names.map((name, at) => {
    const next = names[at + 1];
    const to = next === undefined ? { serviceName: "double" } : step(next);
    return [name, node("Sequence", to, to)] as const;
  });
  return Object.fromEntries(nodes);
}

test("graphs that each ask the next one twice are refused, and not walked", () => {
  const each = Object.entries(doubling((to) => ({ serviceName: to }))).map(([name, root]) => ({
    name,
    nodes: { root },
  }));
  expect(() => served.graphs.apply([CHAIN, ...each])).toThrow("may ask more than 10000 times");
});

describe("a graph that cannot be", () => {
  const refusals: readonly (readonly [why: string, nodes: GraphDefinition["nodes"]])[] = [
    ["there is no node named root", { other: node("Sequence", { serviceName: "double" }) }],
    [
      "its nodes go in a circle: root → a → root",
      { root: node("Sequence", { nodeName: "a" }), a: node("Ensemble", { nodeName: "root" }) },
    ],
    ['there is no node "b"', { root: node("Sequence", { nodeName: "b" }) }],
    ["the weights are 90 together", { root: node("Splitter", { serviceName: "a", weight: 90 }) }],
    ["a splitter's step has no weight", { root: node("Splitter", { serviceName: "a" }) }],
    ["it has serviceName and serviceUrl", { root: node("Sequence", { serviceName: "a", serviceUrl: "http://b" }) }],
    ["it has none of nodeName, serviceName, serviceUrl", { root: node("Sequence", {}) }],
    ["it is no address of http or https", { root: node("Sequence", { serviceUrl: "file:///etc/passwd" }) }],
    ["is never taken", { root: node("Switch", { serviceName: "a" }) }],
    ['is "s" too', { root: node("Ensemble", { name: "s", serviceName: "a" }, { name: "s", serviceName: "b" }) }],
    ["one request may ask more than 10000 times", doubling((to) => ({ nodeName: to }))],
    ["the graphs go in a circle: bad → bad", { root: node("Sequence", { serviceName: "bad" }) }],
  ];
  test.each(refusals)("%s", async (why, nodes) => {
    const applied = () => served.graphs.apply([CHAIN, { name: "bad", nodes }]);
    expect(applied).toThrow(why);
    expect((await served.server.models.obtain("chain")).name).toBe("chain");
  });
});
