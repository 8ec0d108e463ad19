import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..", "..");
export const millPath = join(root, "bin", "mill");

/** What `mill` prints; throws when it fails. */
export function mill(args: readonly string[]): string {
  return execFileSync(millPath, args, { encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
}

/** What a program and all its descendants took. */
export interface Cost {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallSeconds: number;
  /** Of all of them, user and system: what noise on the machine touches least. */
  readonly cpuSeconds: number;
  /** The most that was resident at one time, all of them together; seen every tenth of a second. */
  readonly peakBytes: number;
}

/** Runs a program to its end, and watches its process tree meanwhile. */
export async function measure(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Cost> {
  const startedMs = performance.now();
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  const watched = { peakBytes: 0, cpuSeconds: 0 };
  const timer = setInterval(() => {
    const tree = child.pid === undefined ? undefined : treeOf(child.pid);
    if (tree === undefined) return;
    watched.peakBytes = Math.max(watched.peakBytes, tree.bytes);
    watched.cpuSeconds = Math.max(watched.cpuSeconds, tree.cpuSeconds);
  }, 100);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearInterval(timer);
  return { code, ...said, wallSeconds: (performance.now() - startedMs) / 1_000, ...watched };
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

/** Resident memory and processor time of a process, its descendants, and those of them that it has seen end. */
function treeOf(pid: number): { readonly bytes: number; readonly cpuSeconds: number } {
  try {
    const fields = statOf(pid);
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const children = childrenOf(pid).map(treeOf);
    return {
      bytes: Number(fields[21]) * PAGE_BYTES + children.reduce((sum, { bytes }) => sum + bytes, 0),
      cpuSeconds: ticks / TICKS_PER_SECOND + children.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    };
  } catch {
    return { bytes: 0, cpuSeconds: 0 };
  }
}

/** The fields of `/proc/PID/stat` after the program's name (proc(5)): 11 to 14 are times in ticks, 21 resident pages. */
function statOf(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** The processor time that one process has used itself. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter((child) => child !== "")
    .map(Number);
}

export function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

/** Proportional set size: shared pages are counted once among those who share them. */
export function proportionalBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}

/** Of a process and those that it has started. */
export function treeBytes(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + proportionalBytes(one), 0);
}
