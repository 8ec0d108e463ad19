import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rmSync } from "node:fs";
import { differentFlights, infer, keepCalling, type Inference } from "./support/callers.ts";
import { edit, end, eventually, mill, millJson, millLater, millUp, smallFlights, type Up } from "./support/project.ts";

// Two versions of a model share the requests of its service.

const NAME = "late-flights";
const FLIGHTS = differentFlights(400);

interface Traffic {
  readonly variants: readonly { readonly name: string; readonly share: number; readonly version: number | null }[];
}

let projectDir: string;
let up: Up;

const ours = (...args: readonly string[]) => [...args, "--project", projectDir];
const variantOf = (answer: Inference) => answer.outputs.find(({ name }) => name === "variant")?.data[0];
const shares = ({ variants }: Traffic) => Object.fromEntries(variants.map(({ name, share }) => [name, share]));

/** The variant of each flight by its id, once the serving process splits as it is told. */
async function variants(splits: boolean): Promise<ReadonlyMap<string, unknown>> {
  await eventually("the split", async () => {
    const response = await infer(up.port, { id: "asked-first", flight: FLIGHTS[0] ?? NEVER });
    return (variantOf((await response.json()) as Inference) !== undefined) === splits || undefined;
  });
  const answers = await Promise.all(
    FLIGHTS.map(async (flight, at) => {
      const response = await infer(up.port, { id: `flight-${at}`, flight });
      return [`flight-${at}`, variantOf((await response.json()) as Inference)] as const;
    }),
  );
  return new Map(answers);
}

const NEVER = { origin: "", destination: "", departed_at: "", distance: 0 };

beforeAll(async () => {
  projectDir = smallFlights();
  expect(mill(ours("run")).code).toBe(0);
  edit(projectDir, "training/late-flights.ts", (text) => text.replace("trees: 5", "trees: 6"));
  expect(mill(ours("run")).code).toBe(0);
  // The second version is the challenger of the first.
  mill(ours("models", "promote", NAME, "2", "--alias", "challenger", "--reason", "for a test"));
  mill(ours("models", "rollback", NAME, "1", "--reason", "for a test"));
  up = await millUp(projectDir);
  await up.road;
}, 240_000);
afterAll(async () => {
  await end(up);
  rmSync(projectDir, { recursive: true, force: true });
});

describe("traffic between two versions", () => {
  test("is split by percent, and who is at the canary stays there while it grows", async () => {
    expect(shares(millJson(ours("services", "traffic", NAME)) as Traffic)).toEqual({ champion: 100 });
    const set = millJson(ours("services", "traffic", NAME, "--set", "champion=90,challenger=10", "--reason", "a look"));
    expect(shares(set as Traffic)).toEqual({ champion: 90, challenger: 10 });
    const first = await variants(true);
    const atCanary = [...first].filter(([, variant]) => variant === "challenger").map(([id]) => id);
    expect(atCanary.length).toBeGreaterThan(15);
    expect(atCanary.length).toBeLessThan(70);
    expect(await variants(true)).toEqual(first);
    millJson(ours("services", "traffic", NAME, "--set", "challenger=60"));
    const grown = await eventually("the larger share", async () => {
      const now = await variants(true);
      return [...now.values()].filter((variant) => variant === "challenger").length > 150 ? now : undefined;
    });
    expect(atCanary.filter((id) => grown.get(id) !== "challenger")).toEqual([]);
  });

  test("tells each answer's version, and answers for each version by its number", async () => {
    const answer = (await (await infer(up.port, { id: "one", flight: FLIGHTS[3] ?? NEVER })).json()) as Inference;
    const [version] = answer.outputs.find(({ name }) => name === "model_version")?.data ?? [];
    expect(answer.model_version).toBe(version);
    for (const number of ["1", "2"]) {
      const address = `http://127.0.0.1:${up.port}/v2/models/${NAME}/versions/${number}/infer`;
      const response = await fetch(address, { method: "POST", body: JSON.stringify(FLIGHTS[3]) });
      expect(await response.json()).toMatchObject({ model_version: number });
    }
    const metadata = (await (await fetch(`http://127.0.0.1:${up.port}/v2/models/${NAME}`)).json()) as object;
    expect(metadata).toMatchObject({ versions: ["1", "2"] });
    const metrics = await (await fetch(`http://127.0.0.1:${up.port}/metrics`)).text();
    expect(metrics).toMatch(
      /millwright_variant_predictions_total\{service="late-flights",variant="challenger",version="2"\} \d{2}/,
    );
  });

  test("is in the log of predictions, to be asked in SQL", async () => {
    const sql = `select variant, count(distinct model_version) from predictions where variant is not null group by 1 order by 1`;
    const rows = await eventually("the logged variants", () => {
      const { stdout } = mill(ours("sql", sql, "--json"));
      const { rows: found = [] } = JSON.parse(stdout || "{}") as { readonly rows?: readonly unknown[] };
      return found.length === 2 ? found : undefined;
    });
    expect(rows).toEqual([
      ["challenger", 1],
      ["champion", 1],
    ]);
  });

  test("is refused with a remedy where the weights are none", () => {
    for (const [set, what] of [
      ["champion=50,challenger=10", "make 60, and not 100"],
      ["nobody=10", "has no version nobody"],
      ["challenger=200", "no percentage"],
    ] as const) {
      const refused = mill(ours("services", "traffic", NAME, "--set", set));
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(what)]);
      expect(refused.stderr).toContain("mill services traffic NAME --set");
    }
    expect(shares(millJson(ours("services", "traffic", NAME)) as Traffic)).toEqual({ champion: 40, challenger: 60 });
  });

  test("moves to the challenger, and back, under load, and no request fails", async () => {
    const calls = keepCalling(up.port, { name: "under-load", callers: 4 });
    const alone = async (version: string) =>
      eventually(`version ${version}`, async () => {
        const answer = await (await infer(up.port, { id: "alone", flight: FLIGHTS[0] ?? NEVER })).json();
        const { model_version: answered } = answer as Inference;
        return (answered === version && variantOf(answer as Inference) === undefined) || undefined;
      });
    const later = async (...args: readonly string[]) => (await millLater(ours("services", ...args))).code;
    expect(await later("promote", NAME, "--reason", "it is as good")).toBe(0);
    await alone("2");
    expect(await later("traffic", NAME, "--set", "1=30", "--reason", "the old one beside it")).toBe(0);
    await variants(true);
    expect(await later("rollback", NAME, "--reason", "enough")).toBe(0);
    await alone("2");
    await calls.stop();
    expect(calls.failures).toEqual([]);
    expect(calls.answered.length).toBeGreaterThan(20);
    expect(mill(ours("services", "rollback", NAME)).code).toBe(2);
  });

  test("has each decision kept, with who made it and why", () => {
    const decisions = millJson(ours("services", "decisions", NAME)) as readonly {
      readonly kind: string;
      readonly by: string;
      readonly reason: string;
    }[];
    expect(decisions.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      "rollback: enough",
      "set: the old one beside it",
      "promote: it is as good",
      "set: no reason was given",
      "set: a look",
    ]);
    expect(decisions.every(({ by }) => by.length > 0)).toBe(true);
  });
});

describe("a rollout", () => {
  test("that is killed in its midst goes on, and ends with the new version; its shadow is in SQL", async () => {
    edit(projectDir, "services/late-flights.ts", (text) =>
      text.replace(
        'model: "late-flights@champion",',
        `model: "late-flights@champion",
  traffic: {
    shadow: "challenger",
    rollout: { variant: "challenger", steps: [20, 60], every: "1s", requestsMin: 30, gates: { latencyP99: 1_000, drift: 10 } },
  },`,
      ),
    );
    mill(ours("models", "promote", NAME, "1", "--alias", "challenger", "--reason", "for a test"));
    expect(mill(ours("run")).code).toBe(0);
    const newest = () =>
      (millJson(ours("services", "decisions", NAME)) as readonly { readonly kind: string }[])[0]?.kind;
    await eventually("the first step", () => newest() === "begin" || undefined);
    await end(up, "SIGKILL");
    up = await millUp(projectDir);
    const calls = keepCalling(up.port, { name: "rollout", callers: 4 });
    await eventually("the promotion", async () => {
      const answer = (await (await infer(up.port, { id: "rolled", flight: FLIGHTS[0] ?? NEVER })).json()) as Inference;
      return (answer.model_version === "1" && variantOf(answer) === undefined) || undefined;
    });
    await calls.stop();
    expect(calls.failures).toEqual([]);
    const decisions = millJson(ours("services", "decisions", NAME)) as readonly {
      readonly kind: string;
      readonly by: string;
    }[];
    expect(decisions.filter(({ by }) => by === "rollout").map(({ kind }) => kind)).toEqual([
      "promote",
      "step",
      "begin",
    ]);
    expect(mill(ours("services", "rollout", NAME)).stdout).toContain("challenger, version 1: promoted");
    const sql = "select count(*) > 10, max(model_version), count(error) from shadow_predictions";
    const rows = await eventually("the shadow's answers", () => {
      const { stdout } = mill(ours("sql", sql, "--json"));
      return (JSON.parse(stdout || "{}") as { readonly rows?: readonly unknown[] }).rows;
    });
    expect(rows).toEqual([[true, 1, 0]]);
  });

  test("waits for labels, and is promoted once they have come and tell nothing against it", async () => {
    edit(projectDir, "services/late-flights.ts", (text) =>
      text.replace(
        "gates: { latencyP99: 1_000, drift: 10 } }",
        'gates: { latencyP99: 1_000, drift: 10 }, labels: { monitor: "late-flights-drift", metric: "log_loss", worseBy: 1, labelsMin: 40 } }',
      ),
    );
    mill(ours("models", "promote", NAME, "2", "--alias", "challenger", "--reason", "for a test"));
    expect(mill(ours("run")).code).toBe(0);
    const decisions = () =>
      millJson(ours("services", "decisions", NAME)) as readonly { readonly kind: string; readonly reason: string }[];
    await eventually("the first step", () => decisions()[0]?.kind === "begin" || undefined);
    // What flights of the table turned out to be is known at once.
    const sql = "select origin, destination, departed_at, distance from departures order by flight_id desc limit 400";
    const { rows } = millJson(ours("sql", sql)) as {
      readonly rows: readonly (readonly [string, string, string, number])[];
    };
    const flights = rows.map(([origin, destination, at, distance]) => ({
      origin,
      destination,
      departed_at: `${at.replace(" ", "T")}Z`,
      distance,
    }));
    await eventually("the last step", async () => {
      for (const [at, flight] of flights.entries())
        await infer(up.port, { id: `labelled-${at}-${Date.now()}`, flight });
      return decisions()[0]?.kind === "step" || undefined;
    });
    for (const [at, flight] of flights.entries()) await infer(up.port, { id: `labelled-last-${at}`, flight });
    const promoted = await eventually("the promotion", async () => {
      // A run puts what has been answered into the table that labels are looked up for.
      await millLater(ours("run"));
      const [newest] = decisions();
      return newest?.kind === "promote" ? newest : undefined;
    });
    expect(promoted.reason).toMatch(/log_loss|log loss|labels/);
  });
});
