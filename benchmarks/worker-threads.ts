import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { askRest } from "./support/ask.ts";
import { randomNetwork } from "./support/random-network.ts";
import { randomTrees } from "./support/random-trees.ts";
import { rowsBody, withServed } from "./support/served-folder.ts";

const FEATURES = 32;
const HEAVY_ROWS = 64;

/** A model that takes microseconds, asked beside one that takes tens of milliseconds: on the same loop, and in a thread of its own. */
export async function run(): Promise<readonly BenchResult[]> {
  const trees = await exportOnnx(randomTrees({ seed: 1, trees: 100, features: FEATURES }));
  const heavy = randomNetwork({ seed: 1, widths: [FEATURES, 1_536, 1_536, 512, 1] });
  const models = {
    light: { bytes: trees },
    "heavy-on-the-loop": { bytes: heavy, config: threads(0) },
    "heavy-in-a-thread": { bytes: heavy, config: threads(1) },
  };
  return withServed(models, async (server) => {
    const found = (name: string, rows = 1) =>
      askRest({
        server,
        connections: 1,
        path: `/v2/models/${name}/infer`,
        bodies: [rowsBody({ features: FEATURES, rows })],
      });
    // The first requests of all are answered while code is compiled.
    await found("light");
    const alone = await found("light");
    const results: BenchResult[] = [];
    for (const [name, called] of [
      ["heavy-on-the-loop", "on the loop"],
      ["heavy-in-a-thread", "in a thread"],
    ] as const) {
      const [light, heavyFound] = await Promise.all([found("light"), found(name, HEAVY_ROWS)]);
      results.push(
        { name: `a large model ${called}: its p50`, value: heavyFound.p50Ms, unit: "ms" },
        ...(["p50Ms", "p99Ms"] as const).map((key) => ({
          name: `a small one beside it, ${called}: ${key.slice(0, 3)}`,
          value: light[key],
          unit: "ms",
          peer: { name: "by itself", value: alone[key] },
        })),
      );
    }
    return results;
  });
}

function threads(count: number): string {
  return `max_batch_size: 1024 parameters { key: "worker_threads" value { string_value: "${count}" } }`;
}
