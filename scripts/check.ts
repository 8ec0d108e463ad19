import { join } from "node:path";
import { floorFaults } from "./lib/floors.ts";
import { runStep, type StepResult } from "./lib/run-step.ts";

// `npm run check`: everything that holds of the code without running it. `npm run check -- lint floors` runs those two.

const root = join(import.meta.dirname, "..");
const tool = (name: string) => join(root, "node_modules", ".bin", name);
const module = (...path: readonly string[]) => join(root, "node_modules", ...path);
const node = process.execPath;

const commands: Readonly<Record<string, readonly [string, ...string[]]>> = {
  types: [node, module("typescript", "bin", "tsc"), "-p", "."],
  "types of the console": [node, module("typescript", "bin", "tsc"), "-p", join("apps", "console"), "--noEmit"],
  lint: [tool("oxlint"), "--type-aware", "--deny-warnings", "."],
  format: [tool("oxfmt"), "--check", "."],
  "dead code": [node, module("knip", "bin", "knip.js"), "--no-progress"],
  "generated files": [node, join(root, "scripts", "generate.ts"), "--check"],
};
const steps = [...Object.keys(commands), "floors"];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !steps.includes(name));
if (unknown.length > 0) {
  console.error(`there is no step ${unknown.join(", ")}; the steps are: ${steps.join(", ")}`);
  process.exit(2);
}
const wanted = (name: string) => asked.length === 0 || asked.includes(name);

const results = await Promise.all(
  Object.entries(commands)
    .filter(([name]) => wanted(name))
    .map(([name, command]) => runStep(name, command, root)),
);
if (wanted("floors")) results.push(await floors());
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
