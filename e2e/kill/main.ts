import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mill, millJson, smallFlights } from "../support/project.ts";

// Kills the road at its named write points, runs it again, and compares every table with an undisturbed run's.

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, kills: { type: "string", default: "100" } },
});
const kills = Number(values.kills);
let state = Number(values.seed);
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const project = smallFlights();
const scratch = mkdtempSync(join(tmpdir(), "mill-kill-"));
const log = join(scratch, "write-points");
const undisturbed = mill(["run", "--project", project], { MILL_WRITE_POINTS_LOG: log });
if (undisturbed.code !== 0) throw new Error(`the undisturbed run failed: ${undisturbed.stdout}${undisturbed.stderr}`);
const expected = rowHashes(project);
const points = readFileSync(log, "utf8").trim().split("\n");
console.log(
  `${points.length} write points passed, ${new Set(points).size} of different names, ${Object.keys(expected).length} tables`,
);

let passed = 0;
let failed = 0;
for (let kill = 0; kill < kills; kill += 1) {
  const index = random(points.length);
  const name = points[index] ?? "";
  const count = points.slice(0, index + 1).filter((point) => point === name).length;
  const problem = killAt(`${name}#${count}`);
  if (problem === undefined) passed += 1;
  else failed += 1;
  console.log(
    `${problem === undefined ? "passed" : "FAILED"}  ${name}#${count}${problem === undefined ? "" : `  ${problem}`}`,
  );
}
rmSync(project, { recursive: true, force: true });
rmSync(scratch, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One kill on a fresh state, then a run to the end. Returns what is wrong. */
function killAt(point: string): string | undefined {
  const copy = join(scratch, "project");
  rmSync(copy, { recursive: true, force: true });
  cpSync(project, copy, { recursive: true, filter: (path) => !path.endsWith("/.mill") });
  const killed = mill(["run", "--project", copy], { MILL_KILL_AT: point });
  if (killed.signal !== "SIGKILL" && killed.code !== 137) return `was not killed: ${killed.code} ${killed.signal}`;
  const again = mill(["run", "--project", copy]);
  if (again.code !== 0)
    return `the run after it failed (exit ${again.code}, signal ${again.signal}): ${again.stdout.slice(-500)}${again.stderr.slice(-500)}`;
  const found = rowHashes(copy);
  const different = Object.keys({ ...expected, ...found }).filter((table) => expected[table] !== found[table]);
  return different.length === 0 ? undefined : `these tables differ: ${different.join(", ")}`;
}

/** For each table its rows' count and the sum of their hashes, whatever their order. */
function rowHashes(projectDir: string): Readonly<Record<string, string>> {
  const tables = (millJson(["table", "list", "--project", projectDir]) as { name: string; kind: string }[]).filter(
    ({ kind }) => kind === "table",
  );
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name, count(*)::varchar || ' ' || coalesce(sum(hash(t)::hugeint), 0)::varchar as rows_ from main."${name}" as t`,
  );
  const { rows } = millJson(["sql", parts.join(" union all "), "--project", projectDir]) as {
    rows: [string, string][];
  };
  return Object.fromEntries(rows);
}
