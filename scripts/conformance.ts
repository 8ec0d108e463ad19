import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { cron } from "./lib/conformance/cron.ts";
import { dbt } from "./lib/conformance/dbt.ts";
import { feastPit } from "./lib/conformance/feast-pit.ts";
import type { Suite } from "./lib/conformance/suite.ts";

// `npm run conformance -- SUITE DIR [CASE…]`: replays a folder of cases, or those named, against the product, by its
// public surface alone.

const suites: Readonly<Record<string, Suite>> = { "feast-pit": feastPit, cron, dbt };

const [name = "", folder = "", ...only] = process.argv.slice(2);
const suite = suites[name];
if (suite === undefined || folder === "" || !existsSync(resolve(folder))) {
  console.error(
    suite === undefined
      ? `there is no suite ${JSON.stringify(name)}; the suites are:`
      : `no folder is at ${JSON.stringify(folder)}`,
  );
  for (const [known, { summary }] of Object.entries(suites)) console.error(`  ${known.padEnd(10)}  ${summary}`);
  console.error("npm run conformance -- SUITE DIR [CASE…]");
  process.exit(2);
}

const counts = { passed: 0, failed: 0, skipped: 0 };
await suite.replay(resolve(folder), {
  only,
  tell: (result) => {
    counts[result.outcome] += 1;
    if (result.outcome !== "passed") console.log(`${result.outcome}  ${result.name}: ${result.reason}`);
  },
});
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
