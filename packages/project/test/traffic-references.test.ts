import { expect, test } from "vitest";
import { checkProject } from "../src/check-references.ts";
import type { Project } from "../src/load-project.ts";

// What a service's traffic may name, beside what the project defines.

const defined = (definition: { readonly name: string }) => ({
  name: definition.name,
  definition,
  file: "all.ts",
  line: 7,
});
const training = (name: string, objective = "binary") =>
  defined({ name, population: { name: "rows" }, features: [], trainer: { objective } } as { name: string });
const outcomes = { table: { name: "rows" }, label: "late", on: {} };
const monitor = (name: string, more: object = {}) => {
  const definition = { name, training: "late", ...more };
  return defined(definition);
};

function check(traffic: object, { task = "binary", monitors = [monitor("drift", { outcomes })] } = {}): void {
  const service = { kind: "service", name: "board", model: "late@champion", traffic };
  checkProject({
    sources: [defined({ name: "rows" })],
    dbt: { models: [] },
    settings: { limits: {} },
    checks: [],
    featureViews: [],
    onDemandViews: [],
    trainings: [training("late", task), training("early")],
    monitors,
    graphs: [defined({ name: "both" })],
    services: [defined(service), defined({ name: "advice", model: "", function: {} } as { name: string })],
  } as unknown as Project);
}

const rollout = (labels: object) => ({
  rollout: { variant: "challenger", labels: { monitor: "drift", metric: "auc", worseBy: 0.01, ...labels } },
});

function refusal(...asked: Parameters<typeof check>): { readonly because: string; readonly remedy: string } {
  try {
    check(...asked);
  } catch (error) {
    const { because, details, remedy } = error as { because: string; details?: { remedy?: string }; remedy?: string };
    return { because, remedy: remedy ?? details?.remedy ?? "" };
  }
  throw new Error("it is taken");
}

test("a rollout by labels goes by a monitor of its own model that has outcomes, and by a metric that it tells", () => {
  expect(() => check(rollout({}))).not.toThrow();
  expect(refusal(rollout({ monitor: "drifd" })).because).toMatch(/names the monitor drifd, .* did you mean drift/);
  const other = [monitor("drift", { training: "early", outcomes })];
  expect(refusal(rollout({}), { monitors: other }).because).toContain("is of early, and not of late");
  expect(refusal(rollout({}), { monitors: [monitor("drift")] })).toMatchObject({
    because: expect.stringContaining("which has no outcomes") as string,
    remedy: expect.stringContaining("`outcomes`") as string,
  });
  expect(refusal(rollout({ metric: "rmse" }))).toMatchObject({
    because: expect.stringContaining("tells no rmse of late") as string,
    remedy: "It tells auc, log_loss, calibration_error.",
  });
  expect(refusal(rollout({ metric: "auc" }), { task: "squared" }).remedy).toBe("It tells rmse, mae.");
  expect(refusal(rollout({ metric: "auc" }), { task: "softmax" }).remedy).toBe("It tells accuracy.");
});

test("a graph or a function is no variant: it is refused by its name, with what does it instead", () => {
  for (const traffic of [
    { weights: { both: 10 } },
    { shadow: "both" },
    { shadow: { variant: "both", percent: 5 } },
    { rollout: { variant: "both" } },
  ])
    expect(refusal(traffic)).toMatchObject({
      because: "all.ts:7: the traffic of board names both, which is an inference graph and no version of late",
      remedy: expect.stringContaining("Splitter") as string,
    });
  expect(refusal({ weights: { advice: 10 } }).because).toContain("names advice, which is a function");
  expect(() => check({ weights: { challenger: 10, 3: 5 }, shadow: "candidate" })).not.toThrow();
});
