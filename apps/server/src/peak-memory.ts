import { readFileSync } from "node:fs";

/** Watches the memory of this process and its children together. Bytes; 0 where the system does not tell. */
export function watchPeakMemory({ everyMs = 250 }: { readonly everyMs?: number } = {}): {
  readonly peakBytes: number;
  stop(): void;
} {
  let peakBytes = 0;
  const sample = () => {
    peakBytes = Math.max(peakBytes, treeBytes(process.pid));
  };
  sample();
  const timer = setInterval(sample, everyMs);
  timer.unref();
  return {
    get peakBytes() {
      return peakBytes;
    },
    stop: () => clearInterval(timer),
  };
}

function treeBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1] ?? 0);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter((child) => child !== "");
    return pages * 4_096 + children.reduce((sum, child) => sum + treeBytes(Number(child)), 0);
  } catch {
    return 0;
  }
}
