import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

export interface Answer {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `mill` as a user would. */
export function mill(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Answer {
  const { status, signal, stdout, stderr } = spawnSync(join(root, "bin", "mill"), args, {
    encoding: "utf8",
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 2 ** 20,
  });
  return { code: status, signal, stdout, stderr };
}

export function millJson(args: readonly string[]): unknown {
  const { code, signal, stdout, stderr } = mill([...args, "--json"]);
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    throw new Error(`mill ${args.join(" ")} gave no JSON (exit ${code}, signal ${signal}): ${stdout}${stderr}`);
  }
}

/** The same without waiting for it; `started` is given the process. */
export function millLater(
  args: readonly string[],
  started: (child: ChildProcess) => void = () => {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const child = spawn(join(root, "bin", "mill"), args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  started(child);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, ...said }));
  });
}

export interface Up {
  /** Of the serving process. */
  readonly port: number;
  readonly controlPort: number;
  readonly process: ChildProcess;
  /** Until the first road has ended, and its summary was printed. */
  readonly road: Promise<void>;
}

interface UpOptions {
  /** Of the serving process; a free one unless told. */
  readonly port?: number;
  readonly controlPort?: number;
  /** A group of its own may be interrupted. */
  readonly ownGroup?: boolean;
}

/** Starts `mill up` and waits until it says where it serves. */
export async function millUp(
  projectDir: string,
  { port: wanted = 0, controlPort: wantedControl = 0, ownGroup = false }: UpOptions = {},
): Promise<Up> {
  const child = spawn(join(root, "bin", "mill"), ["up", "--project", projectDir], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      MILL_CONTROL_PORT: String(wantedControl),
      MILL_REST_PORT: String(wanted),
      MILL_GRPC_PORT: "0",
    },
    detached: ownGroup,
  });
  const road = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  child.stdout.resume();
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("serving on http://127.0.0.1:")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`mill up ended with ${code}: ${text}`)));
  });
  const { restPort, controlPort } = JSON.parse(readFileSync(join(projectDir, ".mill", "run.json"), "utf8")) as {
    restPort: number;
    controlPort: number;
  };
  return { port: restPort, controlPort, process: child, road };
}

/** Sends a signal and waits for the end: how it ended, and after how long. */
export async function end(
  { process: child }: Pick<Up, "process">,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<{ readonly code: number | null; readonly tookMs: number }> {
  const startedMs = performance.now();
  if (child.exitCode !== null || child.signalCode !== null) return { code: child.exitCode, tookMs: 0 };
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill(signal);
  return { code: await exited, tookMs: performance.now() - startedMs };
}

/** Asks again and again until there is something, or the time is over: long enough for a machine that is busy with more. */
export async function eventually<Found>(
  what: string,
  look: () => Found | undefined | Promise<Found | undefined>,
  withinMs = 60_000,
): Promise<Found> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Someone who listens on a port beside which others stay free: one below those that the system gives out by itself. */
export async function occupyPort(): Promise<{ readonly port: number; readonly occupant: Server }> {
  return eventually("a free port below the system's own", async () => {
    const occupant = createServer().listen(10_000 + Math.floor(Math.random() * 20_000), "127.0.0.1");
    const listens = await new Promise((resolve) => {
      occupant.once("listening", () => resolve(true)).once("error", () => resolve(false));
    });
    return listens === true ? { port: (occupant.address() as AddressInfo).port, occupant } : undefined;
  });
}

/** Each table's rows and snapshot: what must be as before when something was refused. */
export function tablesOf(projectDir: string): Readonly<Record<string, string>> {
  const tables = millJson(["table", "list", "--project", projectDir]) as {
    readonly name: string;
    readonly rowCount: number | null;
    readonly snapshotId: string | null;
  }[];
  return Object.fromEntries(tables.map(({ name, rowCount, snapshotId }) => [name, `${rowCount} rows, ${snapshotId}`]));
}

/** For each table its rows' count and the sum of their hashes, whatever their order. */
export function rowHashes(projectDir: string): Readonly<Record<string, string>> {
  const query = hashQuery(millJson(["table", "list", "--project", projectDir]));
  return hashesIn(millJson(["sql", query, "--project", projectDir]));
}

/** The same without holding this process up. */
export async function rowHashesLater(projectDir: string): Promise<Readonly<Record<string, string>>> {
  const ask = async (...args: readonly string[]) =>
    JSON.parse((await millLater([...args, "--json", "--project", projectDir])).stdout) as unknown;
  return hashesIn(await ask("sql", hashQuery(await ask("table", "list"))));
}

function hashQuery(tables: unknown): string {
  return (tables as readonly { readonly name: string; readonly kind: string }[])
    .filter(({ kind }) => kind === "table")
    .map(
      ({ name }) =>
        `select '${name}' as name, count(*)::varchar || ' ' || coalesce(sum(hash(t)::hugeint), 0)::varchar as rows_ from main."${name}" as t`,
    )
    .join(" union all ");
}

function hashesIn(answer: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries((answer as { readonly rows: readonly (readonly [string, string])[] }).rows);
}

/** The flights example in a folder of its own, over a few thousand made-up flights. */
export function smallFlights(within = tmpdir()): string {
  const projectDir = mkdtempSync(join(within, "mill-flights-"));
  cpSync(join(root, "examples", "flights"), projectDir, {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.mill)(\/|$)/.test(path),
  });
  shrinkFlights(projectDir);
  return projectDir;
}

/** Makes a copy of the flights example read a few thousand made-up flights, and train in a moment: too short for a second thread. */
export function shrinkFlights(projectDir: string): void {
  mkdirSync(join(projectDir, "data"));
  writeFileSync(join(projectDir, "data", "flights.csv"), flightsCsv());
  writeFileSync(join(projectDir, "data", "airports.csv"), airportsCsv());
  edit(projectDir, "sources/flights.ts", (text) =>
    text
      .replace("npm:vega-datasets/data/flights-3m.parquet", "data/flights.csv")
      .replace("npm:vega-datasets/data/airports.csv", "data/airports.csv"),
  );
  edit(projectDir, "millwright.ts", (text) => text.replace(/limits: \{.*\}/, "limits: { threads: 1 }"));
  edit(projectDir, "training/late-flights.ts", (text) =>
    text
      .replace("trees: 60", "trees: 5")
      .replace("leaves: 31", "leaves: 8, minDataInLeaf: 20")
      .replace(/gates: \[[^\]]*\],/, 'gates: [atLeast("auc", 0.55)],')
      .replace("atLeast, atMost, betterThanBaseline, ", "atLeast, ")
      .replace("notWorseThan, ", ""),
  );
}

export function edit(projectDir: string, file: string, change: (text: string) => string): void {
  const path = join(projectDir, file);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`${file} was not changed`);
  writeFileSync(path, after);
}

const AIRPORTS = [
  ["ORD", "Chicago", "IL", 41.98, -87.9],
  ["SFO", "San Francisco", "CA", 37.62, -122.37],
  ["JFK", "New York", "NY", 40.64, -73.78],
  ["DEN", "Denver", "CO", 39.86, -104.67],
] as const;

function airportsCsv(): string {
  const lines = AIRPORTS.map(
    ([iata, city, state, latitude, longitude]) =>
      `${iata},${city} Airport,${city},${state},USA,${latitude},${longitude}`,
  );
  return `iata,name,city,state,country,latitude,longitude\n${lines.join("\n")}\n`;
}

/** A flight on each route four times a day, from January to June; late in the evening and at ORD. Always the same. */
function flightsCsv(): string {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const lines: string[] = [];
  for (let day = 0; day < 180; day += 1) {
    for (const [origin] of AIRPORTS) {
      for (const [destination] of AIRPORTS) {
        if (origin === destination) continue;
        for (const hour of [7, 11, 16, 20]) {
          const wait = Math.floor(random() * (origin === "ORD" ? 40 : 20) * (hour > 12 ? 2 : 1));
          const at = new Date(Date.UTC(2001, 0, 1 + day, hour, wait)).toISOString().slice(0, 19).replace("T", " ");
          lines.push(
            `${at},${wait + Math.floor(random() * 20) - 15},${500 + origin.charCodeAt(0) * 10},${origin},${destination}`,
          );
        }
      }
    }
  }
  return `date,delay,distance,origin,destination\n${lines.join("\n")}\n`;
}
