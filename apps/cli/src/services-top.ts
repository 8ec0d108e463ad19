import { setTimeout as pause } from "node:timers/promises";
import { Type } from "@millwright/kernel";
import { platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { findRunning, statePaths } from "@millwright/server";
import { servingTop, type Latency, type MetricsRead, type ServingTop, type TopRow } from "@millwright/serving/top";
import { projectDirOf } from "./hold-project.ts";
import { INTERRUPTED, interruptible } from "./interruption.ts";

const SECONDS = 2;
const SECONDS_MAX = 3_600;
const CLEAR = "\u001B[H\u001B[2J";

const milliseconds = Type.Union([Type.Number(), Type.Null()]);

export const servicesTop: Command = {
  name: "services top",
  summary:
    "what the served models do now: requests, times by phase, errors, queues, memory; until Ctrl-C in a terminal",
  arguments: [],
  options: {
    port: { value: "PORT", summary: "of `mill serve`, by its REST port; without it, of the project's `mill up`" },
    seconds: { value: "NUMBER", summary: `between two looks, over which all is counted (${SECONDS})` },
  },
  example: "mill services top --port 8080",
  output: Type.Object({
    seconds: Type.Number({ description: "Between the two looks." }),
    perSecond: Type.Number(),
    errorsPerSecond: Type.Number(),
    memoryBytes: Type.Union([Type.Number(), Type.Null()], { description: "Resident, of the serving process." }),
    models: Type.Array(
      Type.Object({
        model: Type.String(),
        version: Type.String(),
        perSecond: Type.Number(),
        errorsPerSecond: Type.Number(),
        queue: Type.Number({ description: "Requests that wait." }),
        phases: Type.Record(Type.String(), Type.Object({ p50Ms: milliseconds, p99Ms: milliseconds })),
      }),
    ),
  }),
  handler: (call) =>
    interruptible(async (signal) => {
      const port = await portOf(call);
      const waitMs = secondsOf(call) * 1_000;
      const isLive = process.stdout.isTTY && !call.json;
      for (let before = await readMetrics(port); ;) {
        await pause(waitMs, undefined, { signal });
        const after = await readMetrics(port);
        call.out.result(servingTop(before, after), (top) => `${isLive ? CLEAR : ""}${topText(top)}`);
        if (!isLive) return 0;
        before = after;
      }
    }).then((code) => (code === INTERRUPTED && process.stdout.isTTY ? 0 : code)),
};

async function portOf(call: CommandCall): Promise<number> {
  const { port } = call.options;
  if (typeof port === "string") return numberOf(port, { option: "port", most: 65_535 });
  const running = await findRunning(statePaths(await projectDirOf(call)));
  if (running !== undefined) return running.restPort;
  throw platformErrors.create("platform/usage", {
    because: "nothing is served by this project now",
    remedy: "Start it, `mill up`; or name the REST port of a `mill serve`: `mill services top --port 8080`.",
  });
}

function secondsOf({ options: { seconds } }: CommandCall): number {
  return typeof seconds === "string" ? numberOf(seconds, { option: "seconds", most: SECONDS_MAX }) : SECONDS;
}

function numberOf(given: string, { option, most }: { readonly option: string; readonly most: number }): number {
  const number = Number(given);
  if (given !== "" && number > 0 && number <= most) return number;
  throw platformErrors.create("platform/usage", {
    because: `--${option}: ${JSON.stringify(given)} is no number above 0 and up to ${most}`,
    remedy: "Write it as in `mill services top --port 8080 --seconds 5`.",
  });
}

async function readMetrics(port: number): Promise<MetricsRead> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch((cause: unknown) => {
    throw platformErrors.create("platform/usage", {
      because: `nothing answers on port ${port}`,
      remedy: "Name the REST port that `mill serve` printed: `mill services top --port 8080`.",
      cause,
    });
  });
  return { text: await response.text(), atMs: performance.now() };
}

/** Phases in the order in which a request goes through them. */
const PHASES = ["whole", "queue", "batch", "features", "input", "infer", "compute", "output"];

function topText({ models, perSecond, errorsPerSecond, memoryBytes }: ServingTop): string {
  const memory = memoryBytes === null ? "" : `, ${Math.round(memoryBytes / 1e6)} MB`;
  const head = `${rate(perSecond)} answered and ${rate(errorsPerSecond)} failed a second${memory}; times are p50/p99 in ms`;
  const phases = PHASES.filter((phase) => models.some((row) => row.phases[phase] !== undefined));
  const rows = models.map((row: TopRow) => [
    row.model,
    row.version,
    rate(row.perSecond),
    rate(row.errorsPerSecond),
    String(row.queue),
    ...phases.map((phase) => latency(row.phases[phase])),
  ]);
  return `${head}\n\n${textTable(["model", "version", "req/s", "err/s", "queue", ...phases], rows)}`;
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

function latency(found: Latency | undefined): string {
  if (found === undefined || found.p50Ms === null || found.p99Ms === null) return "–";
  return `${found.p50Ms.toFixed(2)}/${found.p99Ms.toFixed(2)}`;
}
