import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measure, millPath, root, type Cost } from "./processes.ts";

/** A step of the road as `mill run --json` tells it. */
export interface RoadTask {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly tookMs: number | null;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

export interface RoadRun {
  readonly cost: Cost;
  readonly tasks: readonly RoadTask[];
}

/** The flights example, over all three million rows, in a folder of its own that is kept from run to run. */
export const flightsFolder = copyOfFlights("flights");

export function copyOfFlights(name: string): string {
  const folder = join(root, "benchmarks", ".cache", name);
  mkdirSync(folder, { recursive: true });
  const example = join(root, "examples", "flights");
  for (const part of [
    "app",
    "checks",
    "features",
    "macros",
    "models",
    "monitors",
    "services",
    "sources",
    "tests",
    "training",
  ])
    rmSync(join(folder, part), { recursive: true, force: true });
  cpSync(example, folder, { recursive: true, filter: (path) => !/\/(node_modules|\.mill)(\/|$)/.test(path) });
  return folder;
}

export function forgetState(projectDir: string): void {
  rmSync(join(projectDir, ".mill"), { recursive: true, force: true });
}

/** `mill up --once`: the road with console and serving beside it, as a newcomer starts it. */
export async function takeRoad(projectDir: string): Promise<RoadRun> {
  const cost = await measure(millPath, ["up", "--once", "--json", "--port", "0", "--project", projectDir]);
  if (cost.code !== 0) throw new Error(`mill up --once ended with ${cost.code}: ${cost.stdout}${cost.stderr}`);
  const { tasks } = JSON.parse(cost.stdout) as { readonly tasks: readonly RoadTask[] };
  return { cost, tasks };
}

export function change(path: string, edit: (text: string) => string): void {
  const before = readFileSync(path, "utf8");
  const after = edit(before);
  if (before === after) throw new Error(`${path} was not changed`);
  writeFileSync(path, after);
}
