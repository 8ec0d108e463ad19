import { spawn } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { startMill, type InferenceServer } from "./support/inference-servers.ts";
import { childrenOf, cpuSecondsOf } from "./support/processes.ts";
import { randomTrees } from "./support/random-trees.ts";

const FEATURES = 32;
const [WARM_SECONDS, SECONDS] = [2, 3];
const TURNS = 3;
const CONNECTIONS = [16, 64];
/** So many that each process has some of its own. */
const MODELS = 12;

/** What is asked: a small request, whose way is most of it, and a heavy one, whose work is. */
const KINDS = {
  small: { trees: 100, rows: 1 },
  heavy: { trees: 1_000, rows: 100 },
} as const;

type Kind = keyof typeof KINDS;

/** How a folder is served: by one process, or by two, which have the other answer or copy its hot models. */
const SERVERS: Readonly<Record<string, readonly string[]>> = {
  "one process": [],
  "two, relayed": ["--shards", "2", "--copies-megabytes", "0"],
  "two, copied": ["--shards", "2"],
};

/**
 * Twelve models over REST, answered by one process and by two on the same ports. All of them are asked as often, over
 * connections that are handed to the processes in turn: half of what comes to one of two is for a model of the other. The
 * servers take turns, so that none has the busier minutes of the machine; of each the best of its turns is told.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-shards-bench-"));
  const servers: InferenceServer[] = [];
  try {
    for (const kind of Object.keys(KINDS) as Kind[]) await layModels(folder, kind);
    for (const options of Object.values(SERVERS)) servers.push(await startMill(folder, { options }));
    const found: Record<string, Found> = {};
    for (const kind of Object.keys(KINDS) as Kind[])
      for (const connections of CONNECTIONS)
        for (let turn = 0; turn < TURNS; turn += 1)
          for (const [at, name] of Object.keys(SERVERS).entries()) {
            const key = keyOf(name, kind, connections);
            found[key] = better(found[key], await asked(servers[at] as InferenceServer, { kind, connections }));
          }
    return resultsOf(found);
  } finally {
    for (const { process } of servers) process.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function layModels(folder: string, kind: Kind): Promise<void> {
  const file = join(folder, `.${kind}`);
  writeFileSync(file, await exportOnnx(randomTrees({ seed: 1, trees: KINDS[kind].trees, features: FEATURES })));
  for (let model = 0; model < MODELS; model += 1) {
    mkdirSync(join(folder, `${kind}-${model}`, "1"), { recursive: true });
    linkSync(file, join(folder, `${kind}-${model}`, "1", "model.onnx"));
  }
}

interface Found {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  /** Of all the server's processes. */
  readonly cpuUs: number;
}

function better(before: Found | undefined, now: Found): Found {
  if (before === undefined) return now;
  return {
    perSecond: Math.max(before.perSecond, now.perSecond),
    p50Ms: Math.min(before.p50Ms, now.p50Ms),
    p99Ms: Math.min(before.p99Ms, now.p99Ms),
    refused: before.refused + now.refused,
    cpuUs: Math.min(before.cpuUs, now.cpuUs),
  };
}

function keyOf(server: string, kind: Kind, connections: number): string {
  return `${server}: ${kind}, ${connections}`;
}

async function asked(
  server: InferenceServer,
  { kind, connections }: { readonly kind: Kind; readonly connections: number },
): Promise<Found> {
  const caller = join(import.meta.dirname, "support", "caller.ts");
  const args = [caller, server.rest, connections, WARM_SECONDS, SECONDS].map(String);
  const before = cpuSecondsOfAll(server);
  const callers = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  callers.stdin.end(
    requestsOf(kind, server.rest)
      .map((request) => JSON.stringify(request))
      .join("\n"),
  );
  const report = JSON.parse(await text(callers.stdout)) as Found & { readonly asked: number };
  return { ...report, cpuUs: ((cpuSecondsOfAll(server) - before) * 1e6) / report.asked };
}

function cpuSecondsOfAll({ process: keeper }: InferenceServer): number {
  const pid = keeper.pid ?? 0;
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuSecondsOf(one), 0);
}

/** One whole request for each model, as it goes over the wire. */
function requestsOf(kind: Kind, port: number): readonly string[] {
  const { rows } = KINDS[kind];
  const data = Array.from({ length: rows * FEATURES }, (_, at) => (at % FEATURES) / 2 - 8);
  const body = JSON.stringify({ inputs: [{ name: "features", datatype: "FP32", shape: [rows, FEATURES], data }] });
  return Array.from(
    { length: MODELS },
    (_, model) =>
      `POST /v2/models/${kind}-${model}/infer HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

function resultsOf(found: Readonly<Record<string, Found>>): readonly BenchResult[] {
  return Object.keys(SERVERS)
    .slice(1)
    .flatMap((server) =>
      (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
        CONNECTIONS.flatMap((connections) => {
          const own = found[keyOf(server, kind, connections)];
          const alone = found[keyOf("one process", kind, connections)];
          return own === undefined || alone === undefined ? [] : compared(keyOf(server, kind, connections), own, alone);
        }),
      ),
    );
}

function compared(name: string, own: Found, alone: Found): readonly BenchResult[] {
  const beside = (read: (found: Found) => number) => ({
    value: read(own),
    peer: { name: "one process", value: read(alone) },
  });
  const refused = own.refused + alone.refused;
  return [
    { name: `${name}: answers`, unit: "1/s", ...beside(({ perSecond }) => perSecond) },
    { name: `${name}: all processes' processor time each`, unit: "µs", ...beside(({ cpuUs }) => cpuUs) },
    { name: `${name}: p50`, unit: "ms", ...beside(({ p50Ms }) => p50Ms) },
    { name: `${name}: p99`, unit: "ms", ...beside(({ p99Ms }) => p99Ms) },
    // Half of all requests are relayed where nothing is copied.
    ...(name.includes("relayed")
      ? [{ name: `${name}: a relay's processor time`, unit: "µs", value: 2 * (own.cpuUs - alone.cpuUs) }]
      : []),
    ...(refused === 0 ? [] : [{ name: `${name}: refused`, unit: "", value: refused }]),
  ];
}
