import type { BenchResult } from "./bench-result.ts";
import { askRest, type Found } from "./support/ask.ts";
import { randomNetwork } from "./support/random-network.ts";
import { rowsBody, withServed } from "./support/served-folder.ts";

const FEATURES = 32;
const CONNECTIONS = [1, 16, 64];

/** The same network: each request by itself, together what is there, and together with what comes within half a millisecond. */
const CONFIGS = {
  alone: "",
  adaptive: "max_batch_size: 64 dynamic_batching { }",
  window: "max_batch_size: 64 dynamic_batching { max_queue_delay_microseconds: 500 }",
} as const;

const CALLED = { adaptive: "what is there", window: "with a window of 0.5 ms" } as const;

/** Requests of one row to a network whose call takes longer than a row more: together and each by itself. */
export async function run(): Promise<readonly BenchResult[]> {
  const bytes = randomNetwork({ seed: 1, widths: [FEATURES, 256, 256, 256, 1] });
  const models = Object.fromEntries(Object.entries(CONFIGS).map(([name, config]) => [name, { bytes, config }]));
  return withServed(models, async (server) => {
    const found = (name: string, connections: number) =>
      askRest({
        server,
        connections,
        path: `/v2/models/${name}/infer`,
        bodies: [rowsBody({ features: FEATURES })],
      });
    // The first requests of all are answered while code is compiled.
    await found("alone", 16);
    const results: BenchResult[] = [];
    for (const connections of CONNECTIONS) {
      const alone = await found("alone", connections);
      for (const [name, called] of Object.entries(CALLED))
        results.push(...beside(`${connections}, ${called}`, await found(name, connections), alone));
    }
    return results;
  });
}

function beside(name: string, found: Found, alone: Found): readonly BenchResult[] {
  const peer = (value: number) => ({ name: "each by itself", value });
  return [
    { name: `${name}: the server's processor time each`, value: found.cpuUs, unit: "µs", peer: peer(alone.cpuUs) },
    { name: `${name}: p50`, value: found.p50Ms, unit: "ms", peer: peer(alone.p50Ms) },
    { name: `${name}: answers`, value: found.perSecond, unit: "1/s", peer: peer(alone.perSecond) },
  ];
}
