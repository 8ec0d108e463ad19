import { execFile, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import {
  edit,
  end,
  eventually,
  mill,
  millJson,
  millLater,
  millUp,
  occupyPort,
  smallFlights,
  type Up,
} from "./support/project.ts";

const root = join(import.meta.dirname, "..");

let projectDir: string;
let up: Up;

beforeAll(async () => {
  projectDir = smallFlights();
  up = await millUp(projectDir);
  await runEnded();
});
afterAll(() => end(up));

const at = () => ["--project", projectDir];
const api = (path: string, options?: RequestInit) => fetch(`http://127.0.0.1:${up.controlPort}${path}`, options);

async function get<Value>(path: string): Promise<Value> {
  const response = await api(path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Value;
}

/** Runs a program without holding this process up. */
async function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly stdout: string }> {
  return promisify(execFile)(program, args, { cwd: tmpdir(), maxBuffer: 64 * 2 ** 20, signal }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );
}

interface Road {
  readonly run: { readonly runId: string; readonly state: string } | null;
  readonly nodes: readonly {
    readonly id: string;
    readonly state: string;
    readonly tookMs: number | null;
    readonly attachedTo: string | null;
  }[];
}

async function runEnded(): Promise<Road> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(100)) {
    const road = await get<Road>("/api/v1/road");
    if (road.run !== null && road.run.state !== "running") return road;
  }
  throw new Error("the run did not end");
}

describe("the control API", () => {
  test("every operation that reads answers as the OpenAPI document says", async () => {
    const document = await get<{
      paths: Record<string, Record<string, { operationId: string; responses: Record<string, { content?: object }> }>>;
    }>("/api/openapi.json");
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(document, "api");
    const values: Readonly<Record<string, string>> = {
      showTable: "departures",
      showAnatomy: "departures",
      showTableCare: "departures",
      showChanges: "departures",
      compareBranchRows: "departures",
      readRows: "departures",
      listModelVersions: "late-flights",
      listAliasChanges: "late-flights",
      compareModelVersions: "late-flights",
      showService: "late-flights",
      showTraffic: "late-flights",
      listTrafficDecisions: "late-flights",
      showVariantCounts: "late-flights",
      showModelPhases: "late-flights",
      showServedModel: "late-flights",
      showMonitor: "late-flights-drift",
      showFeatureView: "route_lateness",
      showChecks: "departures",
      showLineage: "late-flights",
      showJudgement: "late-flights",
      showModelReport: "late-flights",
      showRun: (await get<Road>("/api/v1/road")).run?.runId ?? "",
    };
    const made = await api("/api/v1/branches", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "audit" }),
    });
    expect(made.status).toBe(200);
    const asked: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      const operation = methods["get"];
      if (operation === undefined) continue;
      const named = encodeURIComponent(values[operation.operationId] ?? "missing");
      const address = path
        .replace("{version}", "1")
        .replace("{branch}", "audit")
        .replace(/\{\w+\}/, named);
      asked.push(operation.operationId);
      const [type = ""] = Object.keys(operation.responses["200"]?.content ?? {});
      if (type !== "application/json") {
        expect((await api(address)).headers.get("content-type"), path).toContain(type);
        continue;
      }
      const answer = await get<unknown>(address);
      const pointer = `api#/paths/${path.replaceAll("/", "~1")}/get/responses/200/content/application~1json/schema`;
      const validate = ajv.getSchema(encodeURI(pointer));
      if (validate === undefined) throw new Error(`no schema at ${pointer}`);
      expect(validate(answer), `${path}: ${ajv.errorsText(validate.errors)}`).toBe(true);
    }
    expect(asked.length).toBeGreaterThanOrEqual(14);
  });

  test("the road is a graph of steps, each with its time and its place", async () => {
    const road = await get<Road & { edges: { from: string; to: string }[] }>("/api/v1/road");
    expect(road.run?.state).toBe("done");
    expect(road.edges).toContainEqual({ from: "training:late-flights", to: "service:late-flights", isGate: false });
    expect(road.nodes.find(({ id }) => id === "table:departures")).toMatchObject({
      state: "done",
      facts: { rows: expect.any(Number) as number },
      place: { file: expect.stringContaining("departures.sql") as string },
    });
    const layout = await get<{ nodes: { id: string; x: number }[] }>("/api/v1/road/layout");
    const x = new Map(layout.nodes.map((node) => [node.id, node.x]));
    // A test or a check is drawn inside its table.
    const drawnIn = new Map(road.nodes.map(({ id, attachedTo }) => [id, attachedTo ?? id]));
    for (const edge of road.edges) {
      const [from, to] = [drawnIn.get(edge.from) ?? "", drawnIn.get(edge.to) ?? ""];
      if (from !== to) expect(x.get(from), `${from} → ${to}`).toBeLessThan(x.get(to) ?? 0);
    }
  });

  test("a run is streamed as it goes, and a second one at once is refused", async () => {
    const stream = await api("/api/v1/events");
    const reader = stream.body?.getReader();
    const start = () =>
      api("/api/v1/runs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ force: true, select: ["departures"] }),
      });
    const [one, other] = await Promise.all([start(), start()]);
    expect(new Set([one.status, other.status])).toEqual(new Set([202, 409]));
    let text = "";
    while (!/event: node\ndata: \{[^\n]*"id":"table:departures"[^\n]*"state":"done"/.test(text))
      text += new TextDecoder().decode((await reader?.read())?.value);
    expect(text).toMatch(/"state":"running"/);
    await reader?.cancel();
    await runEnded();
  });

  test("metrics for Prometheus: each step's last time, the alerts of each monitor", async () => {
    const text = await (await api("/metrics")).text();
    expect(text).toMatch(/^millwright_step_seconds\{step="training:late-flights"\} [\d.]+$/m);
    expect(text).toMatch(/^millwright_monitor_alerts\{monitor="late-flights-drift"\} \d+$/m);
  });

  test("a prediction through control is the serving process's own", async () => {
    const service = await get<{ example: object; url: string }>("/api/v1/services/late-flights");
    const json = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(service.example),
    };
    const through = (await (await api("/api/v1/services/late-flights/predict", json)).json()) as {
      probability: number;
    };
    const direct = (await (await fetch(service.url, json)).json()) as { probability: number };
    expect(through.probability).toBe(direct.probability);
  });
});

describe("by schedule", () => {
  test("`mill up` takes the road when it is time, and says when that will be", async () => {
    const scheduled = smallFlights();
    edit(scheduled, "millwright.ts", (text) => text.replace(/name: "flights",/, '$& schedule: { every: "3s" },'));
    const other = await millUp(scheduled);
    await other.road;
    const { nextRunAtMs } = millJson(["status", "--project", scheduled]) as { nextRunAtMs: number };
    // A time that came while the first road was under way is still due.
    expect(Math.abs(nextRunAtMs - Date.now())).toBeLessThan(60_000);
    const runs = await eventually("a scheduled run", () => {
      const all = millJson(["runs", "list", "--project", scheduled]) as { trigger: string; state: string }[];
      return all.some(({ trigger, state }) => trigger === "schedule" && state === "done") ? all : undefined;
    });
    expect(runs.at(-1)).toMatchObject({ trigger: "mill up" });
    await end(other);
  });

  test("`mill schedule show` tells the project's times, and those of any other", () => {
    expect(millJson(["schedule", "show", ...at()])).toMatchObject({ schedule: null, runs: [] });
    const zurich = ["--cron", "30 2 * * *", "--timezone", "Europe/Zurich", "--from", "2026-03-28T00:00:00Z"];
    // The clock goes from 02:00 to 03:00 in the night to the 29th.
    expect(millJson(["schedule", "show", ...zurich, "--runs", "2"])).toMatchObject({
      words: "At 02:30 (Europe/Zurich)",
      runs: [
        { start: "2026-03-28T01:30:00.000Z", end: "2026-03-29T01:30:00.000Z" },
        { start: "2026-03-29T01:30:00.000Z", end: "2026-03-30T00:30:00.000Z" },
      ],
    });
  });
});

const schemathesis = inject("means").schemathesis;

/** At full width some thousands of requests, each with the time that it may take. */
const ASKING_MS_MAX = inject("full") ? 1_800_000 : 240_000;

interface Asking {
  readonly settings?: readonly string[];
  readonly checks: readonly string[];
  /** Ends the asking with its test: nobody asks beside the next. */
  readonly signal: AbortSignal;
}

/** Asks what a document describes, and what it does not. */
async function askAnything(document: string, { settings = [], checks, signal }: Asking): Promise<void> {
  const asked = [...settings, "run", document, "--seed", "1", "--no-color", "--request-timeout", "60"];
  const examples = ["--max-examples", inject("full") ? "200" : "5"];
  const phases = inject("full") ? [] : ["--phases", "examples,coverage,fuzzing"];
  const { code, stdout } = await run(schemathesis ?? "", [...asked, ...examples, ...phases, ...checks], signal);
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/(\d+) generated, \1 passed/);
}

describe.skipIf(schemathesis === undefined)("whatever is asked is answered as the OpenAPI document says", () => {
  test("by control: Schemathesis finds nothing", { timeout: ASKING_MS_MAX }, async ({ signal }) => {
    // A text may be no SQL, and is refused.
    const checks = ["--exclude-checks", "positive_data_acceptance"];
    await askAnything(`http://127.0.0.1:${up.controlPort}/api/openapi.json`, { checks, signal });
    await runEnded();
  });

  test("by the serving process: Schemathesis finds nothing", { timeout: ASKING_MS_MAX }, async ({ signal }) => {
    const settings = join(mkdtempSync(join(tmpdir(), "mill-schemathesis-")), "schemathesis.toml");
    // No JSON Schema says that columns are equally long: those that are not are refused with a status of their own.
    writeFileSync(settings, 'checks.positive_data_acceptance.expected-statuses = ["2xx", "422"]\n');
    const document = `http://127.0.0.1:${up.port}/v2/openapi.json`;
    await askAnything(document, { settings: ["--config-file", settings], checks: ["--checks", "all"], signal });
    rmSync(dirname(settings), { recursive: true });
  });
});

describe("commands beside `mill up` go through it", () => {
  test("`mill run` has it take the road, with what has changed since", () => {
    edit(projectDir, "models/marts/departures.sql", (text) => `${text}\n-- changed`);
    const { code, stdout } = mill(["run", "--json", ...at()]);
    const report = JSON.parse(stdout) as { runId: string; trigger: string; tasks: { id: string; state: string }[] };
    expect(code).toBe(0);
    expect(report.trigger).toBe("mill run");
    expect(report.tasks.find(({ id }) => id === "table:departures")?.state).toBe("done");
    expect(report.tasks.find(({ id }) => id === "source:flights_raw")?.state).toBe("unchanged");
    expect(millJson(["runs", "list", ...at()])).toContainEqual(expect.objectContaining({ runId: report.runId }));
  });

  test("a project that does not check is told as it is without, and nothing runs", () => {
    edit(projectDir, "services/late-flights.ts", (text) =>
      text.replace("late-flights@champion", "late-flight@champion"),
    );
    const { code, stderr } = mill(["run", ...at()]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/late-flights/);
    edit(projectDir, "services/late-flights.ts", (text) =>
      text.replace("late-flight@champion", "late-flights@champion"),
    );
  });

  test("an occupied port is told with a command that works", async () => {
    const { port, occupant } = await occupyPort();
    const other = smallFlights();
    const { code, stderr } = mill(["up", "--once", "--port", String(port), "--project", other]);
    occupant.close();
    expect(code).toBe(2);
    expect(stderr).toMatch(/platform\/port-taken/);
    const free = /`mill up --port (\d+)`/.exec(stderr)?.[1];
    expect(Number(free)).toBeGreaterThan(0);
    expect(free).not.toBe(String(port));
  });

  test("`mill sql` is ended by Ctrl-C, by its reader going and by its id, and its statement with it", async () => {
    const running = () => millJson(["sql", "--running", ...at()]) as { id: string; sql: string }[];
    const heavy = "select sum(hash(a.range + b.range)) from range(100000000) as a, range(100000000) as b";
    const children: ChildProcess[] = [];
    const interrupted = millLater(["sql", heavy, ...at()], (child) => children.push(child));
    await expect.poll(() => running().map(({ sql }) => sql), { timeout: 30_000 }).toEqual([heavy]);
    children[0]?.kill("SIGINT");
    expect(await interrupted).toMatchObject({ code: 130, stdout: "" });
    await expect.poll(running, { timeout: 30_000 }).toEqual([]);
    const cancelled = millLater(["sql", heavy, ...at()]);
    await expect.poll(() => running().length, { timeout: 30_000 }).toBe(1);
    const [{ id } = { id: "" }] = running();
    expect(millJson(["sql", "--cancel", id, ...at()])).toMatchObject({ id, sql: heavy });
    const { code, stderr } = await cancelled;
    expect([code, stderr]).toEqual([1, expect.stringContaining("lakehouse/query-cancelled")]);
    const endless = `"${join(root, "bin", "mill")}" sql "select range from range(1000000000)" --format csv --project "${projectDir}"`;
    const { stdout } = spawnSync("bash", ["-c", `${endless} | head -2`], { encoding: "utf8" });
    expect(stdout).toBe("range\n0\n");
    await expect.poll(running, { timeout: 30_000 }).toEqual([]);
  });

  test("answers are the same as without it", async () => {
    const asks = [
      ["table", "list"],
      ["table", "show", "departures"],
      ["models", "list"],
      ["models", "show", "late-flights"],
      ["sql", "select origin, count(*) as n, sum(distance)::hugeint as wide from departures group by 1 order by 1"],
      ["lineage", "late-flights"],
      ["runs", "list"],
    ];
    const through = asks.map((args) => millJson([...args, ...at()]));
    await end(up);
    for (const [index, args] of asks.entries())
      expect(millJson([...args, ...at()]), args.join(" ")).toEqual(through[index]);
    expect(millJson(["status", ...at()])).toMatchObject({ up: null });
  });
});
