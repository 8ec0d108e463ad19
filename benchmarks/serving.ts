import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchResult } from "./bench-result.ts";
import { flightsFolder, takeRoad } from "./support/flights.ts";
import { childrenOf, commandOf, cpuSecondsOf, mill, millPath, proportionalBytes } from "./support/processes.ts";

const SECONDS = 8;
/** The SQL engine ends after a minute without work; what stays is control and serving. */
const ENGINE_ENDS_WITHIN_MS = 90_000;

/** One prediction by key, many at once, and what stands idle: everything on, on the model of the whole road. */
export async function run(): Promise<readonly BenchResult[]> {
  const { tasks } = await takeRoad(flightsFolder);
  if (!tasks.some(({ kind, facts }) => kind === "service" && facts["version"] !== undefined))
    throw new Error("the road left no service");
  const rows = requestRows();
  const help = fastestOf(10, () => mill(["--help"]));
  const up = await startUp();
  try {
    const one = ask(up, { connections: 1, rows });
    const many = ask(up, { connections: 16, rows });
    const idle = await idleBytes(up);
    return [
      { name: "mill --help", value: help, unit: "ms" },
      { name: "mill up: ready", value: up.readySeconds, unit: "s" },
      { name: "1 connection: p50, seen by the caller", value: one.p50Ms, unit: "ms" },
      { name: "1 connection: p99", value: one.p99Ms, unit: "ms" },
      { name: "16 connections: predictions", value: many.perSecond, unit: "1/s" },
      { name: "16 connections: p50", value: many.p50Ms, unit: "ms" },
      { name: "16 connections: p99", value: many.p99Ms, unit: "ms" },
      { name: "16 connections: serving's processor time a prediction", value: many.cpuMicroseconds, unit: "µs" },
      { name: "16 connections: refused", value: many.refused, unit: "" },
      { name: "control and serving, idle", value: idle / 1e6, unit: "MB" },
    ];
  } finally {
    up.process.kill("SIGTERM");
    await new Promise((resolve) => up.process.once("exit", resolve));
  }
}

interface Up {
  readonly process: ChildProcess;
  readonly port: number;
  readonly readySeconds: number;
}

async function startUp(): Promise<Up> {
  const startedMs = performance.now();
  const child = spawn(millPath, ["up", "--port", "0", "--project", flightsFolder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.resume();
  let said = "";
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = /serving on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    child.once("exit", (code) => reject(new Error(`mill up ended with ${code}: ${said}`)));
  });
  return { process: child, port, readySeconds: (performance.now() - startedMs) / 1_000 };
}

interface Answers {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  readonly cpuMicroseconds: number;
}

function ask(up: Up, { connections, rows }: { readonly connections: number; readonly rows: string }): Answers {
  const serving = servingOf(up);
  const before = cpuSecondsOf(serving);
  const caller = join(import.meta.dirname, "support", "caller.ts");
  const text = execFileSync(process.execPath, [caller, String(up.port), String(connections), String(SECONDS)], {
    input: rows,
    encoding: "utf8",
  });
  const found = JSON.parse(text) as Omit<Answers, "cpuMicroseconds">;
  const asked = found.perSecond * (SECONDS + 2);
  return { ...found, cpuMicroseconds: ((cpuSecondsOf(serving) - before) / asked) * 1e6 };
}

function servingOf({ process: { pid = 0 } }: Up): number {
  const found = childrenOf(pid).find((child) => commandOf(child).includes("serving-main"));
  if (found === undefined) throw new Error("there is no serving process");
  return found;
}

async function idleBytes(up: Up): Promise<number> {
  const control = up.process.pid ?? 0;
  const deadlineMs = performance.now() + ENGINE_ENDS_WITHIN_MS;
  while (childrenOf(control).length > 1 && performance.now() < deadlineMs) await sleep(1_000);
  return [control, ...childrenOf(control)].reduce((sum, pid) => sum + proportionalBytes(pid), 0);
}

/** A thousand flights of the test month, as a departure board would ask for them. */
function requestRows(): string {
  const sql =
    "select origin, destination, departed_at, distance from departures where departed_at >= '2001-06-01' order by hash(flight_id) limit 1000";
  const { rows } = JSON.parse(mill(["sql", sql, "--project", flightsFolder, "--json"])) as {
    readonly rows: readonly (readonly [string, string, string, number])[];
  };
  return rows
    .map(([origin, destination, at, distance]) =>
      JSON.stringify({ origin, destination, departed_at: `${at.replace(" ", "T")}Z`, distance }),
    )
    .join("\n");
}

function fastestOf(times: number, work: () => void): number {
  const took = Array.from({ length: times }, () => {
    const startedMs = performance.now();
    work();
    return performance.now() - startedMs;
  });
  return Math.min(...took);
}
