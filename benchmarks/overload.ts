import { Agent, request as httpRequest } from "node:http";
import type { BenchResult } from "./bench-result.ts";
import { askRest } from "./support/ask.ts";
import type { InferenceServer } from "./support/inference-servers.ts";
import { openLoop, quantile } from "./support/open-loop.ts";
import { randomNetwork } from "./support/random-network.ts";
import { rowsBody, withServed } from "./support/served-folder.ts";

const FEATURES = 32;
const ROWS = 64;
const SECONDS = 5;
/** An answer that comes later is of no use. */
const PATIENCE_MS = 250;
/** Of what the model can do. */
const LOADS = [1, 2, 4];

const IN_A_THREAD = 'parameters { key: "worker_threads" value { string_value: "1" } } instance_group [ { count: 1 } ]';

/** The same model, with what waits for it bounded by length and by time, and as good as unbounded. */
const QUEUES = {
  bounded: "default_queue_policy { max_queue_size: 100 default_timeout_microseconds: 150000 timeout_action: REJECT }",
  unbounded: "",
} as const;

/**
 * A model asked for as much as it can do, twice and four times as much, each request when its time comes: how many of its
 * answers come within 250 ms. Callers wait for as long as it takes; what waits at the end is hung up.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const bytes = randomNetwork({ seed: 1, widths: [FEATURES, 1_536, 1_536, 512, 1] });
  const config = (queue: string) => `max_batch_size: ${ROWS} dynamic_batching { ${queue} } ${IN_A_THREAD}`;
  const models = Object.fromEntries(
    Object.entries(QUEUES).map(([name, queue]) => [name, { bytes, config: config(queue) }]),
  );
  return withServed(models, async (server) => {
    const capacity = (await askRest({ server, connections: 2, path: pathOf("bounded"), bodies: [BODY] })).perSecond;
    const results: BenchResult[] = [{ name: "what the model can do", value: capacity, unit: "1/s" }];
    for (const load of LOADS) {
      const perSecond = capacity * load;
      const without = await asked(server, { name: "unbounded", perSecond });
      const within = await asked(server, { name: "bounded", perSecond });
      const peer = (value: number) => ({ name: "without bounds", value });
      results.push(
        { name: `${load}x: answers in time`, value: within.good, unit: "1/s", peer: peer(without.good) },
        { name: `${load}x: p99 of what is answered`, value: within.p99Ms, unit: "ms", peer: peer(without.p99Ms) },
        { name: `${load}x: refused`, value: within.refused, unit: "1/s" },
        { name: `${load}x: a refusal, p50`, value: within.refusalMs, unit: "ms" },
      );
    }
    return results;
  });
}

const BODY = rowsBody({ features: FEATURES, rows: ROWS });

function pathOf(name: string): string {
  return `/v2/models/${name}/infer`;
}

async function asked(
  { rest }: InferenceServer,
  { name, perSecond }: { readonly name: string; readonly perSecond: number },
) {
  const agent = new Agent({ keepAlive: true });
  const [answered, refused]: [number[], number[]] = [[], []];
  const endMs = performance.now() + SECONDS * 1_000;
  const hangUp = setTimeout(() => agent.destroy(), SECONDS * 1_000);
  await openLoop({ perSecond, seconds: SECONDS }, async () => {
    const begunMs = performance.now();
    const status = await post(agent, { port: rest, path: pathOf(name) });
    if (performance.now() > endMs || status === undefined) return;
    (status === 200 ? answered : refused).push(performance.now() - begunMs);
  });
  clearTimeout(hangUp);
  agent.destroy();
  return {
    good: answered.filter((ms) => ms <= PATIENCE_MS).length / SECONDS,
    p99Ms: quantile(answered, 0.99),
    refused: refused.length / SECONDS,
    refusalMs: refused.length === 0 ? 0 : quantile(refused, 0.5),
  };
}

/** The status of the answer; undefined where it was hung up before. */
function post(
  agent: Agent,
  { port, path }: { readonly port: number; readonly path: string },
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asking = httpRequest({ agent, port, host: "127.0.0.1", method: "POST", path }, (response) =>
      response.resume().once("close", () => resolve(response.complete ? response.statusCode : undefined)),
    );
    asking.once("error", () => resolve(undefined)).end(BODY);
  });
}
