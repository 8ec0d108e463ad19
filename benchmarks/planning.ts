import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { root } from "./support/processes.ts";

const FILES = [10_000, 100_000];
const ROWS_PER_FILE = 1_000;

interface Plan {
  readonly ms: number;
  readonly cpuMs: number;
  readonly files: number;
}

interface Planned {
  readonly cold: Plan;
  readonly warm: Plan;
  /** By the partition, warm; ours alone. */
  readonly day?: Plan;
  readonly peakMb: number;
}

/**
 * Which of a table's files a filtered scan opens: found from manifests that must be read first, and from those in memory.
 * pyiceberg beside it, on the same metadata, where `.venv-acceptance` has it; it keeps no manifest in memory.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "mill-planning-"));
  try {
    return FILES.flatMap((files) => measured(folder, files));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measured(folder: string, files: number): readonly BenchResult[] {
  const program = join(root, "packages", "lakehouse", "test", "planning-child.ts");
  const ours = () => execFileSync(process.execPath, [program, folder, String(files)], { encoding: "utf8" });
  ours();
  const own = JSON.parse(ours()) as Planned;
  const peer = pyiceberg(folder, files);
  if (peer !== undefined && peer.cold.files !== own.cold.files)
    throw new Error(`pyiceberg plans ${peer.cold.files} files where ours are ${own.cold.files}`);
  const row = (name: string, unit: string, value: number, theirs: number | undefined): BenchResult => ({
    name: `${files.toLocaleString("en")} files: ${name}`,
    value,
    unit,
    ...(theirs === undefined ? {} : { peer: { name: "pyiceberg", value: theirs } }),
  });
  return [
    row("cold", "ms", own.cold.ms, peer?.cold.ms),
    row("cold, processor", "ms", own.cold.cpuMs, peer?.cold.cpuMs),
    row("again", "ms", own.warm.ms, peer?.warm.ms),
    row("again, processor", "ms", own.warm.cpuMs, peer?.warm.cpuMs),
    row("again, by one day", "ms", own.day?.ms ?? Number.NaN, undefined),
    row("memory of the process at most", "MB", own.peakMb, peer?.peakMb),
  ];
}

function pyiceberg(folder: string, files: number): Planned | undefined {
  const python = join(root, ".venv-acceptance", "bin", "python");
  if (!existsSync(python)) {
    console.error("NO MEANS  pyiceberg: needs a Python environment at .venv-acceptance (see CONTRIBUTING.md)");
    return undefined;
  }
  const program = join(import.meta.dirname, "support", "pyiceberg-planning-peer.py");
  const first = Math.floor(files / 2) * ROWS_PER_FILE;
  const given = [program, join(folder, `${files}.metadata.json`), String(first)];
  return JSON.parse(execFileSync(python, given, { encoding: "utf8" })) as Planned;
}
