import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keepCalling } from "./support/callers.ts";
import { edit, end, eventually, mill, millJson, millLater, millUp, smallFlights, type Up } from "./support/project.ts";

// A service that is a function of the project: typed, with features and other services, and alone in what it does to itself.

const REBOOKING = `
import { defineService } from "millwright";
import { routeLateness } from "../features/route.ts";

let calls = 0;

export const rebooking = defineService({
  name: "rebooking",
  request: {
    origin: "string",
    destination: "string",
    departed_at: "timestamp",
    distance: "double",
    fault: { type: "string", nullable: true, doc: "What is to go wrong." },
  },
  response: { advice: "string", probability: "double", late_rate: { type: "double", nullable: true }, calls: "int" },
  timestamp: "departed_at",
  features: [routeLateness.all()],
  asks: ["late-flights"],
  limits: { timeoutMs: 4_000, concurrency: 8 },
  predict: async ({ fault, ...flight }, { models, features, refuse }) => {
    calls += 1;
    if (fault === "loop") for (;;) calls += 0;
    if (fault === "throw") throw new Error("out of seats");
    if (fault === "exit") process.exit(3);
    if (fault === "never") await new Promise(() => {});
    if (fault === "refuse") refuse("the flight has left");
    if (fault === "wrong") return { advice: 7 as never, probability: 0, late_rate: null, calls };
    const { probability } = await models.ask("late-flights", flight);
    const [rate] = Object.values(features);
    const late_rate = typeof rate === "number" ? rate : null;
    return { advice: probability > 0.5 ? "rebook" : "keep", probability, late_rate, calls };
  },
});
`;
const FLIGHT = { origin: "ORD", destination: "SFO", departed_at: "2001-06-28T12:00:00Z", distance: 1_846 };

let projectDir: string;
let up: Up;

const ours = (...args: readonly string[]) => [...args, "--project", projectDir];

async function ask(
  body: object,
  tail = "rebooking/infer",
): Promise<{ readonly status: number; readonly body: object }> {
  const response = await fetch(`http://127.0.0.1:${up.port}/v2/models/${tail}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as object };
}

const faulty = (fault: string) => ask({ ...FLIGHT, fault });

beforeAll(async () => {
  projectDir = smallFlights();
  const views = readFileSync(join(projectDir, "features", "route.ts"), "utf8");
  expect(views).toContain("export const routeLateness");
  writeFileSync(join(projectDir, "services", "rebooking.ts"), REBOOKING);
  up = await millUp(projectDir);
  await up.road;
  await eventually("the function", async () => ((await ask(FLIGHT)).status === 200 ? true : undefined));
}, 240_000);
afterAll(async () => {
  await end(up);
  rmSync(projectDir, { recursive: true, force: true });
});

describe("a function as a service", () => {
  test("answers more rows than its queue takes, and logs none of those that one spoils", async () => {
    const columns = (rows: readonly object[]) =>
      Object.keys({ ...FLIGHT, fault: null }).map((name) => ({
        name,
        data: rows.map((row) => (row as Readonly<Record<string, unknown>>)[name] ?? null),
      }));
    const rows = Array.from({ length: 1_500 }, (_, at) => ({ ...FLIGHT, distance: at }));
    const spoiled = [...rows.slice(0, 50), { ...FLIGHT, fault: "refuse" }];
    expect(await ask({ id: "spoiled", inputs: columns(spoiled) })).toMatchObject({ status: 422 });
    const whole = await ask({ id: "whole", inputs: columns(rows) });
    expect(whole.status).toBe(200);
    expect(
      (whole.body as { readonly outputs: readonly { readonly data: readonly unknown[] }[] }).outputs[0]?.data,
    ).toHaveLength(1_500);
    const kept =
      "select count(*) filter (id like 'whole-%')::int, count(*) filter (id like 'spoiled-%')::int from predictions";
    // The log is sealed every few seconds, and a run puts what is sealed into the table.
    const counts = await eventually("the logged rows", async () => {
      await millLater(["run", ...ours()]);
      const { rows: found } = JSON.parse((await millLater(["sql", kept, ...ours(), "--json"])).stdout) as {
        readonly rows?: readonly [readonly [number, number]];
      };
      return found?.[0][0] === 0 ? undefined : found?.[0];
    });
    expect(counts).toEqual([1_500, 0]);
  });

  test("answers typed, with what another service says, by its declared columns", async () => {
    const { body } = await ask(FLIGHT);
    const { body: asked } = await ask(FLIGHT, "late-flights/infer");
    expect(body).toMatchObject({
      model_name: "rebooking",
      model_version: "1",
      advice: expect.stringMatching(/^(?:keep|rebook)$/) as string,
      probability: (asked as { readonly probability: number }).probability,
    });
    const many = await ask({ inputs: Object.entries(FLIGHT).map(([name, value]) => ({ name, data: [value, value] })) });
    expect(many.body).toMatchObject({ outputs: [{ name: "advice", shape: [2] }, {}, {}, { datatype: "INT64" }, {}] });
    const metadata = await (await fetch(`http://127.0.0.1:${up.port}/v2/models/rebooking`)).json();
    expect(metadata).toMatchObject({ inputs: { length: 5 }, outputs: { 0: { name: "advice", datatype: "BYTES" } } });
    const document = await (await fetch(`http://127.0.0.1:${up.port}/v2/openapi.json`)).text();
    expect(document).toContain('"rebooking.Prediction"');
    expect(millJson(ours("predict", "rebooking", JSON.stringify(FLIGHT)))).toMatchObject({
      calls: expect.any(Number) as number,
    });
    expect(mill(ours("services", "list")).stdout).toContain("a function");
  });

  test("is explained by asking it, and nothing of that is logged or counted, of what it asks neither", async () => {
    const serving = `http://127.0.0.1:${up.port}`;
    const answered = async () =>
      /^millwright_predictions_total (\d+)$/m.exec(await (await fetch(`${serving}/metrics`)).text())?.[1];
    const before = await answered();
    const row = { ...FLIGHT, distance: 2_100 };
    const background = [FLIGHT, { ...FLIGHT, origin: "JFK", distance: 300 }];
    const response = await fetch(`${serving}/v1/models/rebooking:explain`, {
      method: "POST",
      body: JSON.stringify({ instances: [row], background, parameters: { output: "probability", npermutations: 2 } }),
    });
    const { explanations } = (await response.json()) as { readonly explanations: readonly [readonly number[]] };
    expect([response.status, await answered()]).toEqual([200, before]);
    const { body } = await ask(row);
    const sum = explanations[0].reduce((all, part) => all + part, 0);
    expect(sum).toBeCloseTo((body as { readonly probability: number }).probability, 9);
    // What it has in common with the background adds nothing.
    expect(explanations[0].filter((part) => part !== 0).length).toBeGreaterThan(1);
    expect(Number(await answered())).toBe(Number(before) + 2);
  });

  test("refuses what is not of its columns, and answers an error with a code for each fault", async () => {
    expect(await ask({ ...FLIGHT, distance: "far" })).toMatchObject({
      status: 400,
      body: { code: "features/wrong-field" },
    });
    const { distance: _distance, ...without } = FLIGHT;
    expect(await ask(without)).toMatchObject({ body: { code: "features/missing-field" } });
    expect(await faulty("throw")).toMatchObject({
      status: 500,
      body: { code: "serving/function-failed", detail: expect.stringContaining("out of seats") as string },
    });
    expect(await faulty("refuse")).toMatchObject({ status: 422, body: { code: "serving/refused" } });
    expect(await faulty("wrong")).toMatchObject({ status: 500, body: { code: "serving/wrong-answer" } });
    expect(await faulty("never")).toMatchObject({ status: 504, body: { code: "serving/function-timeout" } });
  });

  test("that loops or ends its thread costs its own request alone: others are answered, each its own", async () => {
    const calls = keepCalling(up.port, { name: "beside", callers: 2 });
    for (const [fault, code] of [
      ["loop", "serving/function-timeout"],
      ["exit", "serving/function-failed"],
    ] as const) {
      const distances = [400, 500, 600, 700];
      const [failed, ...others] = await Promise.all([
        faulty(fault),
        ...distances.map((distance) => ask({ ...FLIGHT, distance })),
      ]);
      expect(failed.body).toMatchObject({ code });
      const alone = await Promise.all(distances.map((distance) => ask({ ...FLIGHT, distance }, "late-flights/infer")));
      const told = (answers: readonly { readonly body: object }[]) =>
        answers.map(({ body }) => (body as { readonly probability?: number }).probability);
      expect(told(others)).toEqual(told(alone));
    }
    await calls.stop();
    expect(calls.failures).toEqual([]);
  });

  test("is in the log of predictions, and served from its sources as they were when it was deployed", async () => {
    const sql = "select count(*) > 0 from predictions where service = 'rebooking' and prediction like '%advice%'";
    const rows = await eventually("the logged answers", async () => {
      const { stdout } = await millLater(ours("sql", sql, "--json"));
      const { rows: found = [] } = JSON.parse(stdout || "{}") as { readonly rows?: readonly (readonly boolean[])[] };
      return found[0]?.[0] === true ? found : undefined;
    });
    expect(rows).toEqual([[true]]);
    edit(projectDir, "services/rebooking.ts", (text) => text.replace('"keep"', '"stay"'));
    await faulty("exit");
    expect((await ask(FLIGHT)).body).toMatchObject({ model_version: "1" });
    expect(await millLater(ours("run"))).toMatchObject({ code: 0 });
    await eventually("the new version", async () => {
      const { model_version: version } = (await ask(FLIGHT)).body as { readonly model_version?: string };
      return version === "2" || undefined;
    });
  });

  test("does not compile where it answers otherwise than it declares, or reads a field that is not there", () => {
    const before = readFileSync(join(projectDir, "services", "rebooking.ts"), "utf8");
    for (const [from, to] of [
      ["late_rate, calls };", "late_rate, calls: String(calls) };"],
      ["{ fault, ...flight }", "{ fault, gate, ...flight }"],
      ['ask("late-flights", flight)', 'ask("late-flights", { origin: flight.origin })'],
    ] as const) {
      writeFileSync(join(projectDir, "services", "rebooking.ts"), before.replace(from, to));
      expect([from, mill(ours("check")).code]).toEqual([from, 1]);
    }
    writeFileSync(join(projectDir, "services", "rebooking.ts"), before);
    expect(mill(ours("check")).code).toBe(0);
  });
});
