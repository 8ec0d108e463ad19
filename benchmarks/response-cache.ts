import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { askRest, type Found } from "./support/ask.ts";
import { randomNetwork } from "./support/random-network.ts";
import { randomTrees } from "./support/random-trees.ts";
import { rowsBody, withServed } from "./support/served-folder.ts";

const FEATURES = 32;
const CACHE_MEGABYTES = 1;
/** More than are kept in that. */
const DIFFERENT = 6_000;
const CACHED = "response_cache { enable: true }";

/** One row asked again, of a model that takes microseconds and of one that takes hundreds: without a cache, kept, and not kept. */
export async function run(): Promise<readonly BenchResult[]> {
  const trees = await exportOnnx(randomTrees({ seed: 1, trees: 100, features: FEATURES }));
  const network = randomNetwork({ seed: 1, widths: [FEATURES, 1_024, 1_024, 512, 1] });
  const models = {
    trees: { bytes: trees },
    "trees-cached": { bytes: trees, config: CACHED },
    network: { bytes: network },
    "network-cached": { bytes: network, config: CACHED },
  };
  return withServed(
    models,
    async (server) => {
      const same = [rowsBody({ features: FEATURES })];
      const others = Array.from({ length: DIFFERENT }, (_, seed) => rowsBody({ features: FEATURES, seed }));
      const results: BenchResult[] = [];
      for (const kind of ["trees", "network"]) {
        const found = (name: string, bodies: readonly string[]) =>
          askRest({ server, connections: 1, path: `/v2/models/${name}/infer`, bodies });
        // The first requests of all are answered while code is compiled.
        await found(kind, others);
        const without = await found(kind, others);
        const hit = await found(`${kind}-cached`, same);
        const missed = await found(`${kind}-cached`, others);
        results.push(...beside(`${kind}: kept`, hit, without), ...beside(`${kind}: not kept`, missed, without));
      }
      return results;
    },
    ["--cache-megabytes", String(CACHE_MEGABYTES)],
  );
}

function beside(name: string, found: Found, without: Found): readonly BenchResult[] {
  const peer = (value: number) => ({ name: "without a cache", value });
  return [
    {
      name: `${name}: the server's processor time each`,
      value: found.cpuUs,
      unit: "µs",
      peer: peer(without.cpuUs),
    },
    { name: `${name}: p50`, value: found.p50Ms, unit: "ms", peer: peer(without.p50Ms) },
  ];
}
