import { treeBytes } from "./processes.ts";

// What a process and those that it has started have in memory: `memory-watch.ts PID` looks once a second until its standard
// input ends, and prints the most that it has seen, in bytes.

const EVERY_MS = 1_000;
const pid = Number(process.argv[2]);
let peakBytes = 0;

function look(): void {
  peakBytes = Math.max(peakBytes, treeBytes(pid));
}

const timer = setInterval(look, EVERY_MS);
process.stdin.resume().once("end", () => {
  clearInterval(timer);
  look();
  console.log(peakBytes);
});
