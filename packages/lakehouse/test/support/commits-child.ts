import { writeSync } from "node:fs";
import { onWritePoint } from "@millwright/kernel";
import { expireSnapshots } from "../../src/care/expire.ts";
import { rewriteManifests } from "../../src/care/rewrite-manifests.ts";
import { openBareLake } from "./bare-lake.ts";

// Commits to one table, saying before each what it is about to do and after each that it is done: `begin append`, `done`.
// It ends itself, without any farewell, when it passes a write point of that name for the nth time; or after so many
// commits. By name, as a commit writes some of its files side by side, in any order.

const [folder = "", seed = "1", killAt = "", nth = "0", commits = "1000"] = process.argv.slice(2);
let state = Number(seed);
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
let passed = 0;
onWritePoint((point) => {
  if (point !== killAt) return;
  passed += 1;
  if (passed !== Number(nth)) return;
  writeSync(1, `killed ${point}\n`);
  process.kill(process.pid, "SIGKILL");
});

const lake = await openBareLake(folder);
const keep = { maxAgeMs: -1, keep: 5, isDryRun: false };
for (let commit = 0; commit < Number(commits); commit += 1) {
  // The first makes the table, where there is none.
  const drawn = killAt === "" || commit === 0 ? 0 : random();
  const what = drawn < 0.7 ? "append" : drawn < 0.8 ? "replace" : drawn < 0.9 ? "rewrite" : "expire";
  writeSync(1, `begin ${what}\n`);
  if (what === "append" || what === "replace") await lake.write(what);
  else if (what === "rewrite") await rewriteManifests(lake.world, "t", { isDryRun: false });
  else await expireSnapshots(lake.world, "t", keep);
  writeSync(1, "done\n");
}
await lake.close();
