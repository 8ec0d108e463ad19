import type { BenchResult } from "./bench-result.ts";
import { flightsFolder } from "./support/flights.ts";
import { mill } from "./support/processes.ts";

/** Of every so many flights one is worked out again. */
const ONE_IN = 100;

interface Role {
  readonly prefix: string;
  readonly keys: readonly string[];
  readonly windows: Readonly<Record<string, string>>;
  readonly delays: readonly string[];
}

const AIRPORT_WINDOWS = { "1h": "1 hour", "3h": "3 hours", "1d": "1 day" };
const ROLES: readonly Role[] = [
  { prefix: "origin", keys: ["origin"], windows: AIRPORT_WINDOWS, delays: ["3h"] },
  { prefix: "destination", keys: ["destination"], windows: AIRPORT_WINDOWS, delays: ["3h"] },
  {
    prefix: "route",
    keys: ["origin", "destination"],
    windows: { "1d": "1 day", "7d": "7 days", "28d": "28 days" },
    delays: ["1d"],
  },
];

/**
 * How close features from tiles are to the same ones to the minute: for a hundredth of the flights each is worked out from
 * all flights that had landed, or left, by the minute of departure.
 */
export async function run(): Promise<readonly BenchResult[]> {
  mill(["run", "--select", "+late_flights_training", "--project", flightsFolder]);
  return [...ROLES.flatMap(lateness), ...gaps(), ...pressure()];
}

/** Sums as known at each moment, so that a window is the difference of two of them. */
function lateness({ prefix, keys, windows, delays }: Role): readonly BenchResult[] {
  const names = keys.join(", ");
  const match = (known: string, from: string) =>
    `${keys.map((key) => `${known}.${key} = asked.${key}`).join(" and ")} and ${from} >= ${known}.known_at`;
  const within = (sum: string, window: string) => `(coalesce(now_.${sum}, 0) - coalesce(b${window}.${sum}, 0))`;
  const pairs = Object.keys(windows).flatMap((window): readonly Pair[] => {
    const flights = `(${within("flights", window)} + 5)`;
    const rate = {
      feature: `${prefix}_late_rate_${window}`,
      exact: `((${within("late", window)} + 1) / ${flights})::float`,
    };
    const mean = {
      feature: `${prefix}_mean_delay_${window}`,
      exact: `(${within("delay", window)} / ${flights})::float`,
    };
    return delays.includes(window) ? [rate, mean] : [rate];
  });
  const joins = Object.entries(windows).map(
    ([window, interval]) =>
      `asof left join known as b${window} on ${match(`b${window}`, `asked.departed_at - interval '${interval}'`)}`,
  );
  return compare(pairs, {
    before: `moments as (
      select ${names}, known_at, count(*) as flights, sum(late) as late, sum(clipped_delay) as delay from flights group by all),
    known as (
      select ${names}, known_at, sum(flights) over past as flights, sum(late) over past as late, sum(delay) over past as delay
      from moments window past as (partition by ${names} order by known_at))`,
    from: `asked asof left join known as now_ on ${match("now_", "asked.departed_at")} ${joins.join(" ")}`,
  });
}

function gaps(): readonly BenchResult[] {
  const days = [1, 7, 14, 21];
  const gap = (ago: number) =>
    `least(date_diff('minute', g${ago}.departed_local, local_.departed_local - interval '${ago} days'), 240)::float`;
  const joins = days.map(
    (ago) =>
      `asof left join left_ as g${ago} on g${ago}.origin = local_.origin and g${ago}.destination = local_.destination and local_.departed_local - interval '${ago} days' + interval '5 minutes' >= g${ago}.departed_local`,
  );
  return compare(
    days.map((ago) => ({ feature: `gap_${ago}d`, exact: gap(ago) })),
    {
      before: `left_ as (select distinct origin, destination, departed_local from flights),
      local_ as (select asked.*, f.departed_local from asked join flights as f using (flight_id))`,
      from: `local_ ${joins.join(" ")}`,
      asked: "local_",
    },
  );
}

function pressure(): readonly BenchResult[] {
  return compare(
    [
      { feature: "origin_gap_1h", exact: "exact_.gap" },
      { feature: "origin_departures_1h_week_ago", exact: "exact_.week_ago" },
    ],
    {
      before: `exact_ as (
      select flight_id,
        (avg(gap_minutes) over (partition by origin order by departed_at range between interval '60 minutes' preceding and interval '1 minute' preceding))::float as gap,
        (count(*) over (partition by origin order by departed_at range between interval '7 days 60 minutes' preceding and interval '7 days 1 minute' preceding))::float as week_ago
      from flight_gaps)`,
      from: "asked join exact_ using (flight_id)",
    },
  );
}

interface Pair {
  readonly feature: string;
  readonly exact: string;
}

interface Compared {
  readonly before: string;
  readonly from: string;
  readonly asked?: string;
}

function compare(pairs: readonly Pair[], { before, from, asked = "asked" }: Compared): readonly BenchResult[] {
  const measures = pairs.map(({ feature, exact }) => {
    const [tiles, difference] = [`${asked}.${feature}`, `abs(${asked}.${feature} - ${exact})`];
    return `corr(${tiles}, ${exact}), avg(${difference}), quantile_cont(${difference}, 0.99), max(${difference}), count(${difference})`;
  });
  const sql = `with asked as (select * from late_flights_training where flight_id % ${ONE_IN} = 0),
    ${before} select ${measures.join(", ")} from ${from}`;
  const { rows } = JSON.parse(mill(["sql", sql, "--json", "--project", flightsFolder])) as {
    readonly rows: readonly (readonly number[])[];
  };
  const [values = []] = rows;
  return pairs.flatMap(({ feature }, index) => {
    const [correlation, mean, most, greatest, count] = values.slice(index * 5, index * 5 + 5).map(Number);
    return [
      { name: `${feature}: correlation`, value: correlation ?? Number.NaN, unit: "" },
      { name: `${feature}: mean difference`, value: mean ?? Number.NaN, unit: "" },
      { name: `${feature}: difference of 99 in 100`, value: most ?? Number.NaN, unit: "" },
      { name: `${feature}: greatest difference`, value: greatest ?? Number.NaN, unit: "" },
      { name: `${feature}: flights compared`, value: count ?? Number.NaN, unit: "" },
    ];
  });
}
