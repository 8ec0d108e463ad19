import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setImmediate } from "node:timers/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { end, mill, millJson, millUp, type Up } from "./support/project.ts";

// Orders whose size is a number and one of three kinds, by text of the request, text of a feature view and a month that
// names a kind: what the road answers in batch is what its services answer online.

const launcher = join(import.meta.dirname, "..", "bin", "mill");
const ROWS = 900;
const CITIES = ["Bern", "Zürich", "O'Hare", "x,y", "Basel"];
const REGIONS = ["west", "north", "far", "north", ""];
let projectDir: string;
let up: Up;

/** The same rows each time. */
function orders(): readonly string[] {
  let state = 11;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: ROWS }, (_, id) => {
    const city = Math.floor(random() * CITIES.length);
    const [month, amount] = [1 + Math.floor(random() * 12), random() * 100];
    const colour = ["red", "green", ""][Math.floor(random() * 3)] ?? "";
    const size = city + ([2, 7, 11].includes(month) ? 3 : 0) + amount / 50 + (colour === "red" ? 1 : 0) + random() / 2;
    const kind = size < 3 ? "small" : size > 6 ? "large" : "medium";
    const at = new Date(Date.UTC(2024, 0, 1, 0, id * 7)).toISOString().slice(0, 19);
    return `${id},${at},"${CITIES[city]}",${colour},${amount.toFixed(2)},${month},${kind},${size.toFixed(4)}`;
  });
}

const FILES: Readonly<Record<string, string>> = {
  "data/orders.csv": ["order_id,at,city,colour,amount,month,kind,size", ...orders(), ""].join("\n"),
  "data/cities.csv": [
    "city,since,region,rank",
    ...CITIES.slice(0, 4).map((city, place) => `"${city}",2020-01-01T00:00:00,${REGIONS[place]},${place}`),
    "",
  ].join("\n"),
  "sources/orders.ts": `import { defineSource } from "millwright";
export const orders = defineSource({ name: "orders", path: "data/orders.csv", columns: {
  order_id: "long", at: "timestamp", city: "string", colour: "string", amount: "double", month: "long", kind: "string", size: "double" } });
export const cities = defineSource({ name: "cities", path: "data/cities.csv", columns: {
  city: "string", since: "timestamp", region: "string", rank: "double" } });
`,
  "features/order.ts": `import { column, defineEntity, defineFeatureView, defineOnDemandFeatureView, table } from "millwright";
export const order = defineOnDemandFeatureView({ name: "order", request: { colour: "string", amount: "double", month: "long" }, optional: ["colour"],
  features: { tint: column("colour"), spent: column("amount"), season: column("month") } });
export const city = defineFeatureView({ name: "city", entities: [defineEntity({ name: "city", key: "city" })], from: table("cities"),
  timestamp: "since", features: ["region", "rank"], onMissing: "default", defaults: { region: "nowhere", rank: -1 } });
`,
  ...Object.fromEntries(
    [
      ["squared", "size"],
      ["softmax", "kind"],
    ].flatMap(([objective, label]) => [
      [
        `training/${objective}.ts`,
        `import { defineTraining, gradientBoosting, table } from "millwright";
import { city, order } from "../features/order.ts";
export const training = defineTraining({ name: "${objective}-size", population: table("orders"), timestamp: "at", label: "${label}",
  features: [order.all(), city.all()], categorical: ["season"],
  split: { validationFrom: "2024-01-03", testFrom: "2024-01-04" },
  trainer: gradientBoosting({ objective: "${objective}", trees: 12, leaves: 8, minDataInLeaf: 5, learningRate: 0.3 }) });
`,
      ],
      [
        `services/${objective}.ts`,
        `import { defineService } from "millwright";
export const service = defineService({ name: "${objective}", model: "${objective}-size@champion" });
`,
      ],
    ]),
  ),
};

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-objectives-"));
  projectDir = join(folder, "orders");
  expect(mill(["init", projectDir]).code).toBe(0);
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(projectDir, path)), { recursive: true });
    writeFileSync(join(projectDir, path), text);
  }
  expect(mill(["run", "--project", projectDir])).toMatchObject({ code: 0 });
  up = await millUp(projectDir);
  await up.road;
});

afterAll(async () => {
  await end(up);
  rmSync(dirname(projectDir), { recursive: true, force: true });
});

type Row = Readonly<Record<string, unknown>>;

function rowsOf(query: string): readonly Row[] {
  const { columns, rows } = millJson(["sql", query, "--project", projectDir]) as {
    readonly columns: readonly { readonly name: string }[];
    readonly rows: readonly (readonly unknown[])[];
  };
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, place) => [name, row[place]])));
}

interface Explanation {
  readonly base: number;
  readonly contributions: readonly {
    readonly feature: string;
    readonly value: unknown;
    readonly contribution: number;
  }[];
}

interface Predicted {
  readonly prediction: unknown;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly explanation?: Explanation;
}

async function ask(service: string, fields: Row): Promise<Predicted> {
  // A command that was waited for held up the news that an idle connection was closed meanwhile.
  await setImmediate();
  const url = `http://127.0.0.1:${up.port}/v2/models/${service}/infer`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(fields) });
  expect(response.status).toBe(200);
  return (await response.json()) as Predicted;
}

/** What is the same each time that it is asked. */
function without(field: string, answer: object): object {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== field));
}

function requestOf({ at, city, colour, amount, month }: Row): Row {
  return { at: `${String(at).replace(" ", "T")}Z`, city, colour, amount, month };
}

describe("numbers and classes, from text", () => {
  test("a number is answered online as in batch, and its explanation adds up to it", async () => {
    for (const row of rowsOf("select * from squared_size_scored order by order_id limit 25")) {
      const { prediction, explanation } = await ask("squared", { ...requestOf(row), parameters: { explain: true } });
      expect(Number(prediction)).toBe(Number(row["prediction"]));
      const { base = 0, contributions = [] } = explanation ?? {};
      expect(contributions.reduce((sum, { contribution }) => sum + contribution, base)).toBeCloseTo(
        Number(prediction),
        4,
      );
      const region = contributions.find(({ feature }) => feature === "region");
      expect(region?.value).toBe(REGIONS[CITIES.indexOf(String(row["city"]))] || "nowhere");
    }
  });

  test("a class is answered online as in batch, with the probability of each", async () => {
    const rows = rowsOf("select * from softmax_size_scored order by order_id limit 25");
    for (const row of rows) {
      const { prediction, probabilities = {} } = await ask("softmax", requestOf(row));
      expect(prediction).toBe(row["prediction"]);
      const batch = JSON.parse(String(row["probabilities"])) as Readonly<Record<string, number>>;
      expect(Object.keys(probabilities)).toEqual(["large", "medium", "small"]);
      for (const [name, share] of Object.entries(batch)) expect(probabilities[name]).toBeCloseTo(share, 6);
    }
    expect(rows.filter(({ prediction, kind }) => prediction === kind).length).toBeGreaterThan(18);
  });

  test("the classes that it learned are in its types", () => {
    const types = readFileSync(join(projectDir, ".mill", "generated", "types.d.ts"), "utf8");
    expect(types).toContain('"prediction": "large" | "medium" | "small";');
    expect(types).toContain('"probabilities": Readonly<Record<"large" | "medium" | "small", number>>;');
    expect(mill(["types", "--check", "--project", projectDir])).toMatchObject({ code: 0 });
  });

  test("many are asked for in one go as each alone, explained or not", async () => {
    for (const service of ["squared", "softmax"]) {
      const asked = rowsOf(`select * from ${service}_size_scored order by order_id limit 12`).map(requestOf);
      const alone = await Promise.all(
        asked.map(async (fields) => without("id", await ask(service, { ...fields, parameters: { explain: true } }))),
      );
      const answers = (...options: readonly string[]) => {
        const input = asked.map((fields) => JSON.stringify(fields)).join("\n");
        const command = ["predict", service, "--json", ...options, "--project", projectDir];
        const lines = spawnSync(launcher, command, { input, encoding: "utf8" }).stdout;
        return lines
          .trim()
          .split("\n")
          .map((line) => without("id", JSON.parse(line) as object));
      };
      expect(answers("--explain")).toEqual(alone);
      expect(answers()).toEqual(alone.map((answer) => without("explanation", answer)));
    }
  });

  test("a value that no row had is answered as a missing one", async () => {
    const [row = {}] = rowsOf("select * from softmax_size_scored limit 1");
    const [unknown, missing] = await Promise.all([
      ask("softmax", { ...requestOf(row), colour: "ultraviolet", month: 13 }),
      ask("softmax", { ...requestOf(row), colour: null, month: 13 }),
    ]);
    expect(unknown.probabilities).toEqual(missing.probabilities);
  });

  test("the log keeps the answers", async () => {
    await expect
      .poll(
        () => rowsOf("select prediction, probabilities, features from predictions where service = 'softmax'").length,
        {
          timeout: 60_000,
          interval: 500,
        },
      )
      .toBeGreaterThan(20);
    const [kept] = rowsOf(
      "select prediction, probabilities, features from predictions where service = 'softmax' limit 1",
    );
    expect(["small", "medium", "large"]).toContain(kept?.["prediction"]);
    expect(String(kept?.["features"])).toMatch(/"(?:west|north|far|nowhere)"/);
  });
});
