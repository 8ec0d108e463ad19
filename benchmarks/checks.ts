import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { copyOfFlights } from "./support/flights.ts";
import { measure, mill, millPath, type Cost } from "./support/processes.ts";

const COLUMNS = 24;
const names = Array.from({ length: COLUMNS }, (_, index) => `c${index}`);

/** Checks that a pass over the rows sees, and three that keep every value. */
const CHEAP = [
  ...names.slice(0, 12).map((column) => ({ check: "not_null", column })),
  ...names.slice(0, 8).map((column) => ({ check: "between", column, min: 0, max: 1e9, mostly: 0.99 })),
  ...names.slice(0, 4).map((column) => ({ check: "mean", column, min: 1 })),
  { check: "matches", column: "origin", pattern: "^[A-Z0-9]{3}$" },
];
const COSTLY = [
  { check: "unique", columns: ["flight_id"] },
  { check: "distinct_count", column: "origin", min: 100 },
  { check: "quantile", column: "c0", quantile: 0.95, min: 1 },
];

/** 28 checks of a table of three million rows and 34 columns: as one definition, and each as a definition of its own. */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = copyOfFlights("checks");
  rmSync(join(folder, "checks"), { recursive: true, force: true });
  writeFileSync(
    join(folder, "models", "wide.sql"),
    `select f.*, ${names.map((name, index) => `(hash(f.flight_id, ${index}) % 100000)::int as ${name}`).join(", ")} from {{ ref('flights') }} as f\n`,
  );
  const all = [...CHEAP, ...COSTLY];
  define(folder, {
    together: all,
    cheap: CHEAP,
    ...Object.fromEntries(all.map((check, index) => [`apart_${index}`, [check]])),
  });
  mill(["run", "--select", "+wide", "--project", folder]);
  const take = (selector: string) => taken(folder, selector);
  await take("cheap");
  const [nothing, cheap, together, apart] = [
    await take("airports"),
    await take("cheap"),
    await take("together"),
    await take("apart_*"),
  ];
  const costs = (name: string, cost: Cost): readonly BenchResult[] => [
    { name: `${name}: processor time`, value: cost.cpuSeconds, unit: "s" },
    { name: `${name}: wall`, value: cost.wallSeconds, unit: "s" },
  ];
  return [
    ...costs("a run that checks nothing", nothing),
    ...costs(`${CHEAP.length} checks of rows and measures, one statement`, cheap),
    ...costs(`with uniqueness, distinct values and a quantile, 4 statements`, together),
    ...costs(`each of the ${all.length} by itself, ${all.length} statements`, apart),
  ];
}

function define(folder: string, checks: Readonly<Record<string, readonly object[]>>): void {
  const text = Object.entries(checks).map(
    ([name, list]) =>
      `export const ${name} = defineChecks({ name: "${name}", table: table("wide"), checks: ${JSON.stringify(list)} });\n`,
  );
  const path = join(folder, "checks");
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "wide.ts"), `import { defineChecks, table } from "millwright";\n${text.join("")}`);
}

async function taken(folder: string, selector: string): Promise<Cost> {
  const cost = await measure(millPath, ["run", "--select", selector, "--force", "--project", folder]);
  if (cost.code !== 0) throw new Error(`mill run --select ${selector} ended with ${cost.code}: ${cost.stderr}`);
  return cost;
}
