import { rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { edit, mill, millJson, millUp, smallFlights } from "./support/project.ts";

interface Run {
  readonly state: string;
  readonly tasks: readonly {
    readonly id: string;
    readonly state: string;
    readonly facts: Readonly<Record<string, unknown>>;
  }[];
}

let projectDir: string;
const at = () => ["--project", projectDir];
const statesOf = (run: Run) => Object.fromEntries(run.tasks.map(({ id, state }) => [id, state]));
const request = JSON.stringify({
  origin: "ORD",
  destination: "SFO",
  departed_at: "2001-06-28T01:00:00Z",
  distance: 1846,
});

interface Lineage {
  readonly nodes: readonly string[];
  readonly columns: {
    readonly restsOn: readonly { readonly name: string; readonly column: string; readonly direct: boolean }[];
  };
}

let predictionId = "";
let predictionColumns: Lineage["columns"] | undefined;
const lineageOf = (name: string, ...options: readonly string[]) =>
  millJson(["lineage", name, ...options, ...at()]) as Lineage;
/** Those of the flights' file; in brackets what no value comes from. */
const flightsColumns = ({ restsOn }: Lineage["columns"]) =>
  restsOn
    .filter(({ name }) => name === "file:data/flights.csv")
    .map(({ column, direct }) => (direct ? column : `(${column})`));

beforeAll(() => {
  projectDir = smallFlights();
});

afterAll(() => {
  rmSync(projectDir, { recursive: true, force: true });
});

describe("the road", () => {
  test("goes from raw files to a champion that is served", () => {
    const run = millJson(["run", ...at()]) as Run;
    expect(run.state).toBe("done");
    expect(run.tasks.find(({ id }) => id === "training:late-flights")?.facts).toMatchObject({
      version: 1,
      champion: true,
    });
  });

  test("the second run does nothing, and says so", () => {
    const run = millJson(["run", ...at()]) as Run;
    expect(new Set(run.tasks.map(({ state }) => state))).toEqual(new Set(["unchanged"]));
    expect(mill(["run", ...at()]).stdout).toMatch(/done: 0 steps .* unchanged/);
  });

  test("a changed model runs again with just what hangs on it", () => {
    edit(projectDir, "models/marts/airport_pressure_tiles.sql", (text) => `-- changed\n${text}`);
    const states = statesOf(millJson(["run", ...at()]) as Run);
    expect(states["table:airport_pressure_tiles"]).toBe("done");
    expect(states["feature_view:airport_pressure"]).toBe("done");
    expect(states["table:flights"]).toBe("unchanged");
    expect(states["table:route_lateness_tiles"]).toBe("unchanged");
  });

  test("answers predictions by entity key, and keeps each in a table with what it rested on", async () => {
    const { port, process } = await millUp(projectDir);
    const predicted = millJson(["predict", "late-flights", request, ...at()]) as { id: string; probability: number };
    expect(predicted.probability).toBeGreaterThan(0);
    expect(predicted.probability).toBeLessThan(1);
    const foreign = await fetch(`http://127.0.0.1:${port}/v2/models/late-flights`, {
      headers: { origin: "http://evil.example" },
    });
    expect(foreign.status).toBe(403);
    const missing = await fetch(`http://127.0.0.1:${port}/v2/models/late-flights/infer`, {
      method: "POST",
      body: '{"origin":"ORD"}',
    });
    expect(missing.status).toBe(400);
    for (const [service, body, code] of [
      ["late-flights", '{"origin":"ORD"}', "features/missing-field"],
      ["nobody", "{}", "serving/unknown-service"],
    ] as const) {
      const refused = mill(["predict", service, body, ...at(), "--json"]);
      expect(refused.code).toBe(2);
      expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code } });
    }
    process.kill("SIGTERM");
    await new Promise((resolve) => process.once("exit", resolve));
    millJson(["run", ...at()]);
    const kept = millJson([
      "sql",
      `select service, model_version, probability, features from predictions where id = '${predicted.id}'`,
      ...at(),
    ]) as { rows: unknown[][] };
    expect(kept.rows).toHaveLength(1);
    expect(kept.rows[0]?.[2]).toBeCloseTo(predicted.probability, 12);
    predictionId = predicted.id;
    const { nodes, columns } = lineageOf(predictionId);
    predictionColumns = columns;
    expect(nodes).toContain("file:data/flights.csv");
    // Where a flight leaves from decides which rows are looked up; no number is made of it.
    expect(flightsColumns(columns)).toEqual(["date", "delay", "(destination)", "distance", "(origin)"]);
  });

  test("a changed SQL column changes the lineage from then on, and not that of what was answered before", () => {
    edit(projectDir, "models/staging/flights.sql", (text) => text.replace("60 + distance / 7.0", "60 + clipped_delay"));
    millJson(["run", "--select", "flights", ...at()]);
    expect(flightsColumns(lineageOf("flights.known_at", "--direct").columns)).toEqual(["date", "delay"]);
    expect(lineageOf(predictionId).columns).toEqual(predictionColumns);
    edit(projectDir, "models/staging/flights.sql", (text) => text.replace("60 + clipped_delay", "60 + distance / 7.0"));
  });
});

describe("types from column to prediction", () => {
  test("all holds; a renamed column fails the feature view, the training and the caller, each at its line", () => {
    expect(mill(["check", ...at()])).toMatchObject({ code: 0 });
    const copy = smallFlights();
    edit(copy, "models/marts/departures.sql", (text) =>
      text.replace("origin, destination", "origin as departure_airport, destination"),
    );
    edit(copy, "models/marts/origin_lateness_tiles.sql", (text) =>
      text
        .replace("{{ rolling", "select origin as departure_airport, * exclude (origin) from (\n{{ rolling")
        .concat(")\n"),
    );
    const { code, stderr } = mill(["check", "--project", copy]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/features\/airport\.ts\(\d+,\d+\): TS/);
    expect(stderr).toMatch(/training\/late-flights\.ts\(\d+,\d+\): TS/);
    expect(stderr).toMatch(/app\/board\.ts\(7,\d+\): TS/);
    rmSync(copy, { recursive: true, force: true });
  });
});

describe("what goes wrong is told with its remedy, and loses nothing", () => {
  test.each([
    ["an unknown table", ["sql", "select * from nothing"], "lakehouse/sql-error", 1],
    ["an unknown command", ["fly"], "platform/usage", 2],
    ["an unknown code", ["explain", "no/such"], "platform/unknown-code", 2],
    ["no running service", ["predict", "late-flights", "{}"], "serving/not-running", 2],
  ])("%s", (_name, args, code, exit) => {
    const answer = mill([...args, ...(args[0] === "explain" ? [] : at()), "--json"]);
    const { error } = JSON.parse(answer.stdout) as { error: { code: string; detail: string; remedy: string } };
    expect(error.code).toBe(code);
    expect(error.remedy).not.toBe("");
    expect(answer.code).toBe(exit);
  });

  test("a missing column and a corrupt file fail the load whole, and the table stays", () => {
    const copy = smallFlights();
    expect(mill(["run", "--select", "flights_raw", "--project", copy]).code).toBe(0);
    const before = millJson(["sql", "select count(*) from flights_raw", "--project", copy]) as { rows: unknown[][] };
    edit(copy, "data/flights.csv", (text) => text.replace("date,delay", "date,lateness"));
    const renamed = mill(["run", "--select", "flights_raw", "--project", copy]);
    expect(renamed.code).toBe(1);
    expect(renamed.stdout).toMatch(/ingestion\/missing-column.*delay/);
    edit(copy, "data/flights.csv", (text) =>
      text.replace("date,lateness", "date,delay").replace(/\n(2001[^,]*),(-?\d+),/, "\n$1,late,"),
    );
    const retyped = mill(["run", "--select", "flights_raw", "--project", copy]);
    expect(retyped.stdout).toMatch(/ingestion\/wrong-type.*row 1, column delay: "late" is not a long/);
    expect(millJson(["sql", "select count(*) from flights_raw", "--project", copy])).toEqual(before);
    rmSync(copy, { recursive: true, force: true });
  });

  test("a second `mill up` names the process that holds the project", async () => {
    const { process } = await millUp(projectDir);
    const second = mill(["up", "--once", ...at()]);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/platform\/locked/);
    process.kill("SIGTERM");
    await new Promise((resolve) => process.once("exit", resolve));
  });

  test("a definition that names what is not there is told with the nearest name", () => {
    const copy = smallFlights();
    edit(copy, "features/route.ts", (text) =>
      text.replace('table("route_lateness_tiles")', 'table("route_latness_tiles")'),
    );
    const { code, stderr } = mill(["run", "--project", copy]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/features\/route\.ts:\d+.*did you mean route_lateness_tiles\?/);
    writeFileSync(join(copy, "features", "route.ts"), "export const broken = (;\n");
    expect(mill(["run", "--project", copy]).stderr).toMatch(/project\/unreadable-definition/);
    rmSync(copy, { recursive: true, force: true });
  });
});

const { python = "" } = inject("means");

describe.skipIf(python === "")("other readers", () => {
  test("pyiceberg reads a table, its rows and its history", () => {
    const table = millJson(["table", "show", "departures", ...at()]) as { metadataLocation: string; rowCount: number };
    const script = `import sys\nfrom pyiceberg.table import StaticTable\nt = StaticTable.from_metadata(sys.argv[1])\nprint(t.scan().to_arrow().num_rows, t.current_snapshot().summary["total-records"])`;
    const { stdout, stderr } = spawnSync(python, ["-c", script, table.metadataLocation], { encoding: "utf8" });
    expect(stderr).not.toMatch(/Error/);
    expect(stdout.trim()).toBe(`${table.rowCount} ${table.rowCount}`);
  });
});
