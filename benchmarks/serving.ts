import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchResult } from "./bench-result.ts";
import { flightsFolder, takeRoad } from "./support/flights.ts";
import { childrenOf, commandOf, cpuSecondsOf, mill, millPath, proportionalBytes } from "./support/processes.ts";

const SECONDS = 8;
/** Long enough for a loaded machine to have compiled what is asked for again and again. */
const WARM_SECONDS = 4;
/** For what `mill up` does once after its start. */
const SETTLE_MS = 3_000;
const support = join(import.meta.dirname, "support");

/** One prediction by key, many at once, and what stands idle: everything on, on the model of the whole road. */
export async function run(): Promise<readonly BenchResult[]> {
  const { tasks } = await takeRoad(flightsFolder);
  if (!tasks.some(({ kind, facts }) => kind === "service" && facts["version"] !== undefined))
    throw new Error("the road left no service");
  const rows = requestRows();
  const help = fastestOf(5, () => mill(["--help"]));
  const bare = await askBare(rows);
  const up = await startUp();
  try {
    await up.roadEnded;
    await sleep(SETTLE_MS);
    const idleBytes = bytesOf(up);
    const one = await ask(up, { connections: 1, rows });
    const many = await ask(up, { connections: 16, rows });
    const bytesAfter = bytesOf(up);
    return [
      { name: "mill --help", value: help, unit: "ms" },
      { name: "mill up: the API's first answer, the road already run", value: up.answeredSeconds, unit: "s" },
      { name: "mill up: processor time of all processes until then", value: up.answeredCpuSeconds, unit: "s" },
      { name: "control and serving, idle", value: idleBytes / 1e6, unit: "MB" },
      { name: "control and serving, after that load", value: bytesAfter / 1e6, unit: "MB" },
      { name: "1 connection: p50 in the server", value: one.serverP50Ms, unit: "ms" },
      { name: "1 connection: p50, seen by the caller", value: one.p50Ms, unit: "ms" },
      { name: "1 connection: p99", value: one.p99Ms, unit: "ms" },
      { ...compared(many.perSecond, bare.perSecond), name: "16 connections: predictions", unit: "1/s" },
      { ...compared(many.p50Ms, bare.p50Ms), name: "16 connections: p50", unit: "ms" },
      { ...compared(many.p99Ms, bare.p99Ms), name: "16 connections: p99", unit: "ms" },
      { ...compared(many.cpuUs, bare.cpuUs), name: "16 connections: the server's processor time each", unit: "µs" },
      { ...compared(many.callerCpuUs, bare.callerCpuUs), name: "16 connections: the callers' own", unit: "µs" },
      { name: "16 connections: refused", value: many.refused, unit: "" },
      { name: "serving killed: an answer again", value: await killed(up, rows), unit: "ms" },
    ];
  } finally {
    up.process.kill("SIGTERM");
    await once(up.process, "exit");
  }
}

function compared(value: number, bare: number): Pick<BenchResult, "value" | "peer"> {
  return { value, peer: { name: "node:http alone", value: bare } };
}

interface Up {
  readonly process: ChildProcess;
  readonly servingPort: number;
  readonly servingPid: number;
  readonly answeredSeconds: number;
  readonly answeredCpuSeconds: number;
  readonly roadEnded: Promise<void>;
}

async function startUp(): Promise<Up> {
  const startedMs = performance.now();
  const child = spawn(millPath, ["up", "--port", "0", "--project", flightsFolder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = reading(child);
  const controlPort = await said.find(/console on http:\/\/127\.0\.0\.1:(\d+)/);
  const answer = await fetch(`http://127.0.0.1:${controlPort}/api/v1/road`);
  if (!answer.ok) throw new Error(`the API's first answer is ${answer.status}`);
  const answeredSeconds = (performance.now() - startedMs) / 1_000;
  const answeredCpuSeconds = treeOf(child).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  return {
    process: child,
    servingPort: await said.find(/serving on http:\/\/127\.0\.0\.1:(\d+)/),
    servingPid: servingOf(child),
    answeredSeconds,
    answeredCpuSeconds,
    roadEnded: said.find(/^done: (\d+)/m).then(() => undefined),
  };
}

/** What a program prints; `find` waits for a number in it. */
function reading(child: ChildProcess) {
  let said = "";
  const more = () => Promise.race([once(child.stderr ?? child, "data"), once(child.stdout ?? child, "data")]);
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`mill up ended with ${String(code)}: ${said}`);
  });
  ended.catch(() => undefined);
  return {
    find: async (pattern: RegExp): Promise<number> => {
      for (;;) {
        const found = pattern.exec(said)?.[1];
        if (found !== undefined) return Number(found);
        await Promise.race([more(), ended]);
      }
    },
  };
}

interface Answers {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  readonly cpuUs: number;
  readonly callerCpuUs: number;
}

interface Asked {
  readonly port: number;
  readonly pid: number;
  readonly connections: number;
  readonly rows: string;
}

/** Asks from a process of its own; both sides' processor time is of all requests, those that warm included. */
async function answersOf({ port, pid, connections, rows }: Asked): Promise<Answers> {
  const before = cpuSecondsOf(pid);
  const path = "/v2/models/late-flights/infer";
  const args = [join(support, "caller.ts"), port, connections, WARM_SECONDS, SECONDS, path].map(String);
  const caller = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  caller.stdin.end(rows);
  const { asked, callerCpuSeconds, ...found } = JSON.parse(await text(caller.stdout)) as Omit<
    Answers,
    "cpuUs" | "callerCpuUs"
  > & {
    readonly asked: number;
    readonly callerCpuSeconds: number;
  };
  const cpuSeconds = cpuSecondsOf(pid) - before;
  return { ...found, cpuUs: (cpuSeconds / asked) * 1e6, callerCpuUs: (callerCpuSeconds / asked) * 1e6 };
}

async function ask(up: Up, asked: Pick<Asked, "connections" | "rows">): Promise<Answers & { serverP50Ms: number }> {
  const before = await latenciesOf(up);
  const answers = await answersOf({ ...asked, port: up.servingPort, pid: up.servingPid });
  const after = await latenciesOf(up);
  const counts = after.map(({ bound, below }, index) => ({ bound, below: below - (before[index]?.below ?? 0) }));
  return { ...answers, serverP50Ms: medianOf(counts) * 1_000 };
}

interface Bucket {
  /** Seconds. */
  readonly bound: number;
  readonly below: number;
}

/** The server's own histogram of how long it took, as Prometheus reads it. */
async function latenciesOf({ servingPort }: Up): Promise<readonly Bucket[]> {
  const metrics = await (await fetch(`http://127.0.0.1:${servingPort}/metrics`)).text();
  const lines = metrics.matchAll(/^millwright_request_seconds_bucket\{le="([\d.]+)"\} (\d+)$/gm);
  return [...lines].map(([, bound, below]) => ({ bound: Number(bound), below: Number(below) }));
}

/** Between its bucket's bounds as Prometheus' `histogram_quantile` finds it. */
function medianOf(buckets: readonly Bucket[]): number {
  const half = (buckets.at(-1)?.below ?? 0) / 2;
  const at = buckets.findIndex(({ below }) => below >= half);
  const { bound = 0, below = 0 } = buckets[at] ?? {};
  const previous = buckets[at - 1] ?? { bound: 0, below: 0 };
  return previous.bound + ((bound - previous.bound) * (half - previous.below)) / (below - previous.below);
}

async function askBare(rows: string): Promise<Answers> {
  const server = spawn(process.execPath, [join(support, "bare-server.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = (await once(server.stdout, "data")) as [Buffer];
    return await answersOf({ port: Number(port.toString()), pid: server.pid ?? 0, connections: 16, rows });
  } finally {
    server.kill();
  }
}

function servingOf(up: ChildProcess): number {
  const found = childrenOf(up.pid ?? 0).find((child) => commandOf(child).includes("serving-main"));
  if (found === undefined) throw new Error("there is no serving process");
  return found;
}

/** Control and its children. */
function treeOf({ pid = 0 }: ChildProcess): readonly number[] {
  return [pid, ...childrenOf(pid)];
}

/** Of control and serving; the SQL engine and what reads the project come and go. */
function bytesOf(up: Up): number {
  return proportionalBytes(up.process.pid ?? 0) + proportionalBytes(up.servingPid);
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

/** Of five kills, the time in the middle. */
async function killed(up: Up, rows: string): Promise<number> {
  const took: number[] = [];
  for (let kills = 0; kills < 5; kills += 1) {
    // One that dies at once is kept back for a while.
    await sleep(SETTLE_MS);
    process.kill(servingOf(up.process), "SIGKILL");
    const killedAtMs = performance.now();
    while (!(await isAnswered(up, rows))) await sleep(2);
    took.push(performance.now() - killedAtMs);
  }
  return took.toSorted((a, b) => a - b)[2] ?? Number.NaN;
}

async function isAnswered({ servingPort }: Up, rows: string): Promise<boolean> {
  const values = JSON.parse(rows.slice(0, rows.indexOf("\n"))) as Readonly<Record<string, unknown>>;
  const inputs = Object.entries(values).map(([name, value]) => ({ name, data: [value] }));
  const address = `http://127.0.0.1:${servingPort}/v2/models/late-flights/infer`;
  const asked = fetch(address, { method: "POST", body: JSON.stringify({ inputs }) });
  return asked.then(
    ({ ok }) => ok,
    () => false,
  );
}

function fastestOf(times: number, work: () => void): number {
  const took = Array.from({ length: times }, () => {
    const startedMs = performance.now();
    work();
    return performance.now() - startedMs;
  });
  return Math.min(...took);
}
