import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";

// What Linux tells of processes; the tests that need it are left out elsewhere.

/** The child of a process whose command line has this in it. */
export function childOf(pid: number | undefined, named: string): number | undefined {
  return childrenOf(pid, named)[0];
}

export function childrenOf(pid: number | undefined, named: string): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return children.filter((child) => read(`/proc/${child}/cmdline`).includes(named));
}

export function isAlive(pid: number): boolean {
  // A zombie has ended: only its parent, or who took it over, has not looked yet.
  const state = /^State:\s+(\w)/m.exec(read(`/proc/${pid}/status`))?.[1];
  return state !== undefined && state !== "Z";
}

/** Processor time so far, of all threads. */
export function processorSeconds(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** How many times as long something may take because the processors have more to do besides. */
export function othersAtWork(): number {
  return Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
