import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { infer, differentFlights } from "../support/callers.ts";
import {
  end,
  mill,
  millLater,
  millUp,
  rowHashes,
  rowHashesLater,
  smallFlights,
  type Answer,
} from "../support/project.ts";

// Kills the road at its named write points, in a third of the cases also the run that recovers from it, runs it to its end,
// and compares every table with an undisturbed run's. The points are those of the run: the processes of `mill up` are
// killed in e2e/processes.test.ts. Two cases at once, since each waits for its own processes; a seed draws the same ones.

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
const segments = join(scratch, "predictions");
await answerSomePredictions();
const points = undisturbedRun();
const expected = rowHashes(project);
const names = [...new Set(points)].toSorted();
console.log(
  `${points.length} write points passed, ${names.length} of different names, ${Object.keys(expected).length} tables`,
);

const hits = new Map(names.map((name) => [name, { first: 0, recovering: 0 }]));
let passed = 0;
let failed = 0;
const decks: Record<"first" | "recovering", string[]> = { first: [], recovering: [] };
const cases = Array.from({ length: kills }, (_, kill) => ({
  first: draw("first"),
  second: kill % 3 === 2 ? draw("recovering") : undefined,
})).values();
await Promise.all(["one", "other"].map((name) => takeCases(join(scratch, name))));
rmSync(project, { recursive: true, force: true });
rmSync(scratch, { recursive: true, force: true });
for (const [name, { first, recovering }] of hits)
  console.log(`${String(first).padStart(4)} kills, ${String(recovering).padStart(3)} of a recovery  ${name}`);
const missed = kills < names.length ? [] : names.filter((name) => hits.get(name)?.first === 0);
if (missed.length > 0) console.log(`FAILED  never killed at: ${missed.join(", ")}`);
failed += missed.length;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Segments of the prediction log, which each case finds answered and not yet committed. */
async function answerSomePredictions(): Promise<void> {
  if (mill(["run", "--project", project]).code !== 0) throw new Error("the project does not run");
  for (let round = 0; round < 2; round += 1) {
    const up = await millUp(project);
    await up.road;
    for (const [index, flight] of differentFlights(20).entries())
      await (await infer(up.port, { id: `kill-${round}-${index}`, flight })).text();
    await end(up);
    cpSync(join(project, ".mill", "serving", "predictions"), segments, {
      recursive: true,
      filter: (path) => !/lock/.test(path),
    });
  }
}

/** Takes cases while there are any, each in the same folder. */
async function takeCases(folder: string): Promise<void> {
  for (let next = cases.next(); next.done !== true; next = cases.next()) {
    const startedMs = performance.now();
    const { problem, told } = await killAt(folder, next.value);
    if (problem === undefined) passed += 1;
    else failed += 1;
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    console.log(
      `${problem === undefined ? "passed" : "FAILED"}  ${told}  ${seconds} s${problem === undefined ? "" : `  ${problem}`}`,
    );
  }
}

function undisturbedRun(): readonly string[] {
  const log = join(scratch, "write-points");
  freshState(project);
  const { code, stdout, stderr } = mill(["run", "--project", project], { MILL_WRITE_POINTS_LOG: log });
  if (code !== 0) throw new Error(`the undisturbed run failed: ${stdout}${stderr}`);
  return readFileSync(log, "utf8").trim().split("\n");
}

/** No state but the answered predictions. */
function freshState(projectDir: string): void {
  rmSync(join(projectDir, ".mill"), { recursive: true, force: true });
  mkdirSync(join(projectDir, ".mill", "serving"), { recursive: true });
  cpSync(segments, join(projectDir, ".mill", "serving", "predictions"), { recursive: true });
}

/** A name first, each in its turn in a shuffled order, then which of its occurrences. */
function draw(when: keyof typeof decks): string {
  if (decks[when].length === 0) decks[when] = shuffled(names);
  const name = decks[when].pop() ?? "";
  const occurrences = points.filter((point) => point === name).length;
  return `${name}#${1 + random(occurrences)}`;
}

function shuffled(list: readonly string[]): string[] {
  const left = [...list];
  return list.map(() => left.splice(random(left.length), 1)[0] ?? "");
}

interface Outcome {
  readonly problem: string | undefined;
  /** Which kills there were: a recovering run may have less to do than the draw supposed. */
  readonly told: string;
}

/** One kill on a fresh state, perhaps one of the run after it, then a run to the end. */
async function killAt(
  copy: string,
  { first: point, second: later }: { readonly first: string; readonly second: string | undefined },
): Promise<Outcome> {
  rmSync(copy, { recursive: true, force: true });
  cpSync(project, copy, { recursive: true, filter: (path) => !path.endsWith("/.mill") });
  freshState(copy);
  const killed = await runKilledAt(copy, point);
  if (!wasKilled(killed)) return { problem: `was not killed: ${killed.code} ${killed.signal}`, told: point };
  count(point, "first");
  const secondKill = later === undefined ? undefined : await killRecovery(copy, later);
  const told = secondKill === undefined ? point : `${point}, then ${secondKill}`;
  const again = await millLater(["run", "--project", copy]);
  if (again.code !== 0)
    return {
      problem: `the run after it failed (exit ${again.code}, signal ${again.signal}): ${again.stdout.slice(-500)}${again.stderr.slice(-500)}`,
      told,
    };
  const found = await rowHashesLater(copy);
  const different = Object.keys({ ...expected, ...found }).filter((table) => expected[table] !== found[table]);
  return { problem: different.length === 0 ? undefined : `these tables differ: ${different.join(", ")}`, told };
}

/** The drawn occurrence, or where the recovering run does not pass it so often, its first. */
async function killRecovery(copy: string, point: string): Promise<string | undefined> {
  for (const candidate of [point, point.replace(/#\d+$/, "#1"), "orchestration/task/before-done#1"]) {
    if (!wasKilled(await runKilledAt(copy, candidate))) continue;
    count(candidate, "recovering");
    return candidate;
  }
  return undefined;
}

function runKilledAt(copy: string, point: string): Promise<Answer> {
  return millLater(["run", "--project", copy], undefined, { MILL_KILL_AT: point });
}

function wasKilled({ code, signal }: { readonly code: number | null; readonly signal: string | null }): boolean {
  return signal === "SIGKILL" || code === 137;
}

function count(point: string, when: keyof typeof decks): void {
  const hit = hits.get(point.split("#")[0] ?? "");
  if (hit !== undefined) hit[when] += 1;
}
