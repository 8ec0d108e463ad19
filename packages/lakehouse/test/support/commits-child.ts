import { once } from "node:events";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { onWritePoint } from "@millwright/kernel";
import { bareLane } from "./bare-lane.ts";
import { statementLane } from "./statement-lane.ts";
import type { KillJob, Lane } from "./kill-lanes.ts";

// Commits to a lake, saying before each what it is about to do and after each that it is done: `begin {…}`, `done`. It ends
// itself, without any farewell, when it passes a write point of that name for the nth time; or after so many commits. By
// name, as a commit writes some of its files side by side, in any order. It is started ahead, and waits for its job.

const [lane = "", folder = ""] = process.argv.slice(2);
const opened = lane === "bare" ? bareLane(folder) : statementLane(folder);
const input = createInterface({ input: process.stdin });
const [line] = (await once(input, "line")) as [string];
input.close();
const { seed, killAt, nth, commits } = JSON.parse(line) as KillJob;

let state = seed;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
let passed = 0;
onWritePoint((point) => {
  if (point !== killAt) return;
  passed += 1;
  if (passed !== nth) return;
  writeSync(1, `killed ${point}\n`);
  process.kill(process.pid, "SIGKILL");
});

const { open, draw } = opened;
const lake: Lane = await open();
for (let commit = 0; commit < commits; commit += 1) {
  const what = draw(random, { isFirst: commit === 0, isAlone: killAt !== "" });
  writeSync(1, `begin ${JSON.stringify(what)}\n`);
  await lake.run(what);
  writeSync(1, "done\n");
}
await lake.close();
