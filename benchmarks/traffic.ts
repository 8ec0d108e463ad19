import { rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createSplit } from "@millwright/serving";
import { differentFlights, type Flight } from "../e2e/support/callers.ts";
import { edit, end, mill, millUp, smallFlights } from "../e2e/support/project.ts";
import type { BenchResult } from "./bench-result.ts";
import { cpuSecondsOf } from "./support/processes.ts";

const NAME = "late-flights";
const REQUESTS = 6_000;
const CONNECTIONS = 8;
const KEYS = 200_000;
const SETTLE_MS = 1_500;

/** What it costs that versions share a service's requests, and that one is asked in the shadow of another. */
export async function run(): Promise<readonly BenchResult[]> {
  const assigned = assignment();
  const projectDir = smallFlights();
  try {
    return [assigned, ...(await requests(projectDir))];
  } finally {
    rmSync(projectDir, { recursive: true, force: true });
  }
}

function assignment(): BenchResult {
  const split = createSplit(
    [
      { name: "champion", weight: 90 },
      { name: "challenger", weight: 10 },
    ],
    { salt: NAME },
  );
  const keys = Array.from({ length: 1_000 }, (_, at) => `customer-${at * 7919}`);
  let best = Number.POSITIVE_INFINITY;
  let taken = 0;
  for (let round = 0; round < 7; round += 1) {
    const beganMs = performance.now();
    for (let at = 0; at < KEYS; at += 1)
      taken += split.choose(keys[at % keys.length] ?? "").name === "challenger" ? 1 : 0;
    best = Math.min(best, (performance.now() - beganMs) / KEYS);
  }
  if (taken === 0) throw new Error("no key was assigned to the challenger");
  return { name: "a key assigned to one of two versions", value: best * 1_000, unit: "µs" };
}

async function requests(projectDir: string): Promise<readonly BenchResult[]> {
  const ours = (...args: readonly string[]) => mill([...args, "--project", projectDir]);
  ours("run");
  edit(projectDir, "training/late-flights.ts", (text) => text.replace("trees: 5", "trees: 6"));
  ours("run");
  ours("models", "promote", NAME, "1", "--alias", "challenger", "--reason", "a benchmark");
  const up = await millUp(projectDir);
  try {
    await up.road;
    const pid = await servingPid(up.controlPort);
    await ask(up.port, pid);
    const off = await ask(up.port, pid);
    ours("services", "traffic", NAME, "--set", "challenger=50");
    await sleep(SETTLE_MS);
    await ask(up.port, pid);
    const on = await ask(up.port, pid);
    ours("services", "rollback", NAME);
    edit(projectDir, "services/late-flights.ts", (text) =>
      text.replace('@champion",', '@champion",\n  traffic: { shadow: "challenger" },'),
    );
    ours("run");
    await sleep(SETTLE_MS);
    await ask(up.port, pid);
    const shadowed = await ask(up.port, pid);
    const again = { name: "one version", value: off.cpuUs };
    const median = { name: "one version", value: off.p50Ms };
    return [
      { name: "two versions share: the server's processor time a request", value: on.cpuUs, unit: "µs", peer: again },
      { name: "two versions share: p50", value: on.p50Ms, unit: "ms", peer: median },
      { name: "with a shadow: the server's processor time a request", value: shadowed.cpuUs, unit: "µs", peer: again },
      { name: "with a shadow: p50", value: shadowed.p50Ms, unit: "ms", peer: median },
      { name: "with a shadow: refused", value: shadowed.refused, unit: "" },
    ];
  } finally {
    await end(up);
  }
}

async function servingPid(controlPort: number): Promise<number> {
  const status = await fetch(`http://127.0.0.1:${controlPort}/api/v1/status`);
  const { up } = (await status.json()) as { readonly up: { readonly servingPid: number } };
  return up.servingPid;
}

interface Asked {
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly refused: number;
}

async function ask(port: number, pid: number): Promise<Asked> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const flights = differentFlights(64);
  const times: number[] = [];
  let refused = 0;
  let next = 0;
  const before = cpuSecondsOf(pid);
  const call = async () => {
    while (next < REQUESTS) {
      const flight = flights[next++ % flights.length];
      if (flight === undefined) return;
      const beganMs = performance.now();
      if ((await post(agent, port, flight)) !== 200) refused += 1;
      times.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, call));
  agent.destroy();
  const sorted = times.toSorted((one, other) => one - other);
  return {
    cpuUs: ((cpuSecondsOf(pid) - before) / REQUESTS) * 1e6,
    p50Ms: sorted[Math.floor(sorted.length / 2)] ?? 0,
    refused,
  };
}

function post(agent: Agent, port: number, flight: Flight): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { agent, port, host: "127.0.0.1", method: "POST", path: `/v2/models/${NAME}/infer` },
      (response) => response.resume().once("end", () => resolve(response.statusCode)),
    );
    asked.once("error", reject).end(JSON.stringify(flight));
  });
}
