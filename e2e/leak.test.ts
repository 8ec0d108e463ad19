import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { edit, mill, smallFlights } from "./support/project.ts";

// Another flight's outcome counts once that flight has landed. Who lets it count at departure is found out by the project's own tests.

let projectDir: string;

beforeEach(() => {
  projectDir = smallFlights();
});

afterEach(() => {
  rmSync(projectDir, { recursive: true, force: true });
});

interface Task {
  readonly id: string;
  readonly state: string;
  readonly error: { readonly code: string; readonly detail: string } | null;
}

function run(): { readonly code: number | null; readonly tasks: readonly Task[]; readonly said: string } {
  const { code, stdout } = mill(["run", "--project", projectDir, "--json"]);
  const { tasks = [] } = JSON.parse(stdout) as { readonly tasks?: readonly Task[] };
  return { code, tasks, said: stdout };
}

const FEATURES = ["features/airport.ts", "features/route.ts"];
const TILES = "macros/lateness.sql";
const FLIGHTS = "models/staging/flights.sql";

describe("the lag rule", () => {
  test("holds of the project as it is", () => {
    const { code, tasks } = run();
    expect(code).toBe(0);
    const rules = ["checks:outcomes_lag", "tests:origin_lateness_tiles", "tests:route_lateness_tiles"];
    for (const rule of rules) expect(tasks.find(({ id }) => id === rule)?.state).toBe("done");
  });

  test("fails when the tiles count outcomes from the departure on; nothing is trained on them", () => {
    edit(projectDir, TILES, (sql) => sql.replace("tile_number('known_at'", "tile_number('departed_at'"));
    const { code, tasks } = run();
    expect(code).toBe(1);
    for (const table of ["origin_lateness_tiles", "destination_lateness_tiles", "route_lateness_tiles"]) {
      const { error } = tasks.find(({ id }) => id === `tests:${table}`) ?? { error: null };
      expect(error).toMatchObject({ code: "project/checks-failed" });
      expect(error?.detail).toContain(`${table.replace("_tiles", "_lags")} fails for`);
    }
    expect(tasks.find(({ id }) => id === "training:late-flights")?.state).toBe("blocked");
  });

  test("fails when a flight's outcome is said to be known at its departure", () => {
    edit(projectDir, FLIGHTS, (sql) =>
      sql.replace(/departed_at \+ to_minutes\(.*\) as known_at/, "departed_at as known_at"),
    );
    const { code, tasks } = run();
    expect(code).toBe(1);
    const { error } = tasks.find(({ id }) => id === "checks:outcomes_lag") ?? { error: null };
    expect(error).toMatchObject({ code: "project/checks-failed" });
    expect(error?.detail).toContain("known after landing");
    expect(tasks.find(({ id }) => id === "training:late-flights")?.state).toBe("blocked");
  });

  test.each([
    ["the feature views", FEATURES],
    ["the tiles and the feature views", [TILES, ...FEATURES]],
    ["the flights, the tiles and the feature views", [FLIGHTS, TILES, ...FEATURES]],
  ])("departed_at in the place of every known_at in %s never comes to a model", (_name, files) => {
    for (const file of files) edit(projectDir, file, (text) => text.replaceAll("known_at", "departed_at"));
    const { code, tasks } = run();
    expect(code).not.toBe(0);
    expect(tasks.filter(({ id, state }) => id === "training:late-flights" && state === "done")).toEqual([]);
  });
});
