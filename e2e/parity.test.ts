import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { infer, probabilityOf, type Flight, type Inference } from "./support/callers.ts";
import { end, mill, millJson, millUp, smallFlights, type Up } from "./support/project.ts";

// A flight is answered online as it was in the training set and in the scored table: with the store as it was at the
// flight's time, each feature and the probability are the same float32.

const FLIGHTS = 1_000;
const START = "2001-06-15T12:00:00Z";

let projectDir: string;
let up: Up;

beforeAll(async () => {
  projectDir = inject("full") ? join(import.meta.dirname, "..", "examples", "flights") : crowdedFlights();
  expect(mill(["run", "--project", projectDir]).code).toBe(0);
  up = await millUp(projectDir);
  await up.road;
}, 600_000);

/** The small example with a thousand flights more in the quarter hours that are asked about, as a real day has them. */
function crowdedFlights(): string {
  const small = smallFlights();
  const airports = { ORD: 5, SFO: 7, JFK: 4, DEN: 6 };
  const routes = Object.entries(airports).flatMap(([origin, hoursBehind]) =>
    Object.keys(airports)
      .filter((destination) => destination !== origin)
      .map((destination) => ({ origin, destination, hoursBehind })),
  );
  const lines = Array.from({ length: FLIGHTS }, (_, index) => {
    const { origin, destination, hoursBehind } = routes[index % routes.length] ?? routes[0] ?? unreachable();
    const minutes = 2 * Math.floor((index * 30) / FLIGHTS);
    const local = new Date(Date.parse(START) + minutes * 60_000 - hoursBehind * 3_600_000);
    return `${local.toISOString().slice(0, 19).replace("T", " ")},${((index * 37) % 60) - 20},${400 + index},${origin},${destination}`;
  });
  appendFileSync(join(small, "data", "flights.csv"), `${lines.join("\n")}\n`);
  return small;
}

function unreachable(): never {
  throw new Error("there is a first route");
}

afterAll(async () => {
  await end(up);
  if (inject("full")) mill(["features", "materialize", "--project", projectDir]);
  else rmSync(projectDir, { recursive: true, force: true });
});

interface Result {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

function sql(query: string): Result {
  return millJson(["sql", query, "--limit", "100000", "--project", projectDir]) as Result;
}

interface Expected {
  readonly flight: Flight;
  readonly features: readonly unknown[];
  readonly probability: number;
}

/** The next flights in the order of their departure, as the batch saw them, by their id. */
function batch(): ReadonlyMap<string, Expected> {
  const { columns, rows } = sql(
    `select t.*, s.probability from late_flights_training t join late_flights_scored s using (flight_id)
     where t.departed_at >= timestamp '2001-06-15 12:00:00' order by t.departed_at, t.flight_id limit ${FLIGHTS}`,
  );
  const names = columns.map(({ name }) => name);
  const population = ["flight_id", "departed_at", "origin", "destination", "distance", "late", "row_place"];
  const at = (row: readonly unknown[], name: string) => row[names.indexOf(name)];
  return new Map(
    rows.map((row) => [
      String(at(row, "flight_id")),
      {
        flight: {
          origin: String(at(row, "origin")),
          destination: String(at(row, "destination")),
          departed_at: `${String(at(row, "departed_at")).replace(" ", "T")}Z`,
          distance: Number(at(row, "distance")),
        },
        features: names
          .map((name, index) => [name, row[index]] as const)
          .filter(([name]) => !population.includes(name) && name !== "probability")
          .map(([, value]) => value),
        probability: Number(at(row, "probability")),
      },
    ]),
  );
}

/** What each was answered, when the store is brought forward from one departure to the next. Who departs together asks together. */
async function answer(expected: ReadonlyMap<string, Expected>): Promise<ReadonlyMap<string, number>> {
  const answers = new Map<string, number>();
  await materialize(START, { incremental: false });
  const together = Map.groupBy(expected, ([, { flight }]) => flight.departed_at);
  for (const [departedAt, flights] of together) {
    if (departedAt !== START) await materialize(departedAt, { incremental: true });
    await Promise.all(
      flights.map(async ([id, { flight }]) => {
        const response = await infer(up.port, { id: `parity-${id}`, flight });
        expect(response.status).toBe(200);
        answers.set(id, Number(probabilityOf((await response.json()) as Inference)));
      }),
    );
  }
  return answers;
}

async function materialize(asOf: string, { incremental }: { readonly incremental: boolean }): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/features/materialize`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ asOf, incremental }),
  });
  expect(response.status, await response.text()).toBe(200);
}

test("online answers are the batch's, feature by feature", async () => {
  const expected = batch();
  expect(expected.size).toBe(FLIGHTS);
  expect(Date.parse([...expected.values()][0]?.flight.departed_at ?? "")).toBeGreaterThanOrEqual(Date.parse(START));
  const answers = await answer(expected);
  for (const [id, { probability }] of expected)
    expect(Math.fround(answers.get(id) ?? Number.NaN), `the probability of flight ${id}`).toBe(
      Math.fround(probability),
    );
  await end(up);
  expect(mill(["run", "--project", projectDir]).code).toBe(0);
  const { rows } = sql("select id, features from predictions where id like 'parity-%'");
  expect(rows).toHaveLength(FLIGHTS);
  for (const [id, features] of rows) {
    const known = expected.get(String(id).replace("parity-", ""));
    expect(JSON.parse(String(features)), `the features of flight ${String(id)}`).toEqual(known?.features);
  }
  up = await millUp(projectDir);
}, 600_000);
