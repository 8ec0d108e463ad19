import { join } from "node:path";
import { floorFaults } from "./lib/floors.ts";
import { runStep, type StepResult } from "./lib/run-step.ts";

// `npm run check`: everything that holds of the code without running it.

const root = join(import.meta.dirname, "..");
const tool = (name: string) => join(root, "node_modules", ".bin", name);
const node = process.execPath;

const results = [
  ...(await Promise.all([
    runStep("types", [node, join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "."], root),
    runStep("lint", [tool("oxlint"), "--type-aware", "--deny-warnings", "."], root),
    runStep("format", [tool("oxfmt"), "--check", "."], root),
    runStep("dead code", [node, join(root, "node_modules", "knip", "bin", "knip.js"), "--no-progress"], root),
    runStep("generated files", [node, join(root, "scripts", "generate.ts"), "--check"], root),
  ])),
  await floors(),
];
for (const { name, passed, tookMs, output } of results) {
  console.log(`${passed ? "passed" : "FAILED"}  ${name}  ${(tookMs / 1_000).toFixed(1)} s`);
  if (!passed) console.log(output);
}
const failed = results.filter(({ passed }) => !passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function floors(): Promise<StepResult> {
  const startedMs = performance.now();
  const faults = await floorFaults(root);
  return {
    name: "floors",
    passed: faults.length === 0,
    tookMs: performance.now() - startedMs,
    output: faults.join("\n"),
  };
}
