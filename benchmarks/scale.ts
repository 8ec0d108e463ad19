import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { change, copyOfFlights, forgetState, takeRoad } from "./support/flights.ts";

export const long = true;

const TIMES = [1, 3, 10];
/** Half a year in whole weeks, so that each day of the week falls on itself. */
const DAYS = 182;

/** The road on the flights of several half-years, each the same one moved back: how time and memory grow with the rows. */
export async function run(): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const times of TIMES) {
    const folder = copyOfFlights(`flights-${times}x`);
    repeatFlights(folder, times);
    forgetState(folder);
    const { cost, tasks } = await takeRoad(folder);
    const rows = tasks.find(({ id }) => id === "table:flights")?.facts["rows"];
    const training = tasks.find(({ kind }) => kind === "training")?.tookMs ?? Number.NaN;
    results.push(
      { name: `${times}x: flights`, value: Number(rows), unit: "rows" },
      { name: `${times}x: wall`, value: cost.wallSeconds, unit: "s" },
      { name: `${times}x: processor time`, value: cost.cpuSeconds, unit: "s" },
      { name: `${times}x: training`, value: training / 1_000, unit: "s" },
      { name: `${times}x: peak memory`, value: cost.peakBytes / 1e9, unit: "GB" },
    );
    forgetState(folder);
  }
  return results;
}

/** The rows of before May grow, so that training does; validation and test stay the same months. */
function repeatFlights(folder: string, times: number): void {
  change(join(folder, "models", "staging", "flights.sql"), (sql) =>
    sql.replace(
      "from {{ source('raw', 'flights_raw') }} as f",
      `from (
    select date - to_days(${DAYS} * ago::int) as date, delay, distance, origin, destination
    from {{ source('raw', 'flights_raw') }} cross join range(${times}) as half_years(ago)
  ) as f`,
    ),
  );
  change(join(folder, "models", "marts", "departures.sql"), (sql) =>
    sql.replace("timestamp '2001-01-08 00:00:00'", `timestamp '2001-01-08 00:00:00' - to_days(${DAYS * (times - 1)})`),
  );
  change(join(folder, "models", "marts", "airport_clock.sql"), (sql) => sql.replace("2000-01-01", "1990-01-01"));
}
