import { exportOnnx } from "@millwright/training";
import type { BenchResult } from "./bench-result.ts";
import { askRest } from "./support/ask.ts";
import { randomTrees } from "./support/random-trees.ts";
import { rowsBody, withServed } from "./support/served-folder.ts";

const FEATURES = 32;
const CONNECTIONS = 16;

/** The same model by what of its requests is kept. */
const KEPT = {
  none: undefined,
  all: "1",
  "one in ten": "0.1",
} as const;

/** What it takes to keep what a model was asked and answered: all of it, one in ten, and nothing. */
export async function run(): Promise<readonly BenchResult[]> {
  const bytes = await exportOnnx(randomTrees({ seed: 1, trees: 100, features: FEATURES }));
  const models = Object.fromEntries(
    Object.entries(KEPT).map(([name, share]) => [nameOf(name), { bytes, config: configOf(share) }]),
  );
  return withServed(models, async (server) => {
    const found = (name: string) =>
      askRest({
        server,
        connections: CONNECTIONS,
        path: `/v2/models/${nameOf(name)}/infer`,
        bodies: [rowsBody({ features: FEATURES })],
      });
    // The first requests of all are answered while code is compiled.
    await found("none");
    const none = await found("none");
    const results: BenchResult[] = [];
    for (const name of ["all", "one in ten"]) {
      const before = await payloadsOf(server.rest);
      const { cpuUs, p50Ms, p99Ms, perSecond } = await found(name);
      const after = await payloadsOf(server.rest);
      const [kept, dropped] = [after.kept - before.kept, after.dropped - before.dropped];
      const peer = (value: number) => ({ name: "none kept", value });
      results.push(
        { name: `${name} kept: the server's processor time each`, value: cpuUs, unit: "µs", peer: peer(none.cpuUs) },
        { name: `${name} kept: p50`, value: p50Ms, unit: "ms", peer: peer(none.p50Ms) },
        { name: `${name} kept: p99`, value: p99Ms, unit: "ms", peer: peer(none.p99Ms) },
        { name: `${name} kept: answers`, value: perSecond, unit: "1/s", peer: peer(none.perSecond) },
        { name: `${name} kept: left out, as more came than is written`, value: dropped / (kept + dropped), unit: "" },
      );
    }
    return results;
  });
}

function nameOf(kept: string): string {
  return kept.replaceAll(" ", "-");
}

function configOf(share: string | undefined): string {
  if (share === undefined) return "";
  const parameter = (key: string, value: string) => `parameters { key: "${key}" value { string_value: "${value}" } }\n`;
  return `${parameter("payload_log", "all")}${parameter("payload_sampling_fraction", share)}`;
}

async function payloadsOf(port: number): Promise<{ readonly kept: number; readonly dropped: number }> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1] ?? 0);
  return {
    kept: value("millwright_payloads_logged_total"),
    dropped: value("millwright_payload_log_dropped_total"),
  };
}
