import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BenchResult } from "./bench-result.ts";

// `npm run bench`: measures what is named, or everything but the long ones; `--full` those too. `npm run bench -- road --json`.

interface BenchModule {
  run(): Promise<readonly BenchResult[]>;
  /** Takes many minutes: run only when named, or with `--full`. */
  readonly long?: boolean;
}

interface Measured {
  readonly benchmark: string;
  readonly results: readonly BenchResult[];
}

const folder = import.meta.dirname;
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith("--"));
const named = args.filter((arg) => !arg.startsWith("--"));
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !["main.ts", "bench-result.ts"].includes(file))
  .map((file) => basename(file, ".ts"))
  .toSorted();
const unknown = [
  ...named.filter((name) => !known.includes(name)),
  ...flags.filter((flag) => !["--json", "--full"].includes(flag)),
];
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(", ")}; the benchmarks are: ${known.join(", ")}; options: --json, --full`);
  process.exit(2);
}

const measured: Measured[] = [];
const failed: string[] = [];
for (const benchmark of named.length > 0 ? named : known) {
  const module = (await import(pathToFileURL(join(folder, `${benchmark}.ts`)).href)) as BenchModule;
  if (module.long === true && named.length === 0 && !flags.includes("--full")) continue;
  console.error(`… ${benchmark}`);
  try {
    measured.push({ benchmark, results: await module.run() });
  } catch (error) {
    failed.push(benchmark);
    console.error(`✗ ${benchmark}:`, error);
  }
}

const report = { ...circumstances(), measured };
if (measured.length > 0) keep();
if (flags.includes("--json")) console.log(JSON.stringify(report, null, 2));
else for (const { benchmark, results } of measured) console.log(table(benchmark, results));
process.exitCode = failed.length === 0 ? 0 : 1;

function circumstances() {
  return {
    at: new Date().toISOString(),
    commit: git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+changes"),
    machine: {
      system: `${platform()}-${arch()}`,
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryGb: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    // Of other programs too: above the number of cores, times are longer than they would be alone.
    loadAverage: Number(loadavg()[0]?.toFixed(2)),
  };
}

function git(...command: readonly string[]): string {
  return execFileSync("git", command, { cwd: folder, encoding: "utf8" }).trim();
}

/** One file a run, so that runs on several machines or branches lie side by side. */
function keep(): void {
  mkdirSync(join(folder, "results"), { recursive: true });
  const name = `${report.at.slice(0, 19).replaceAll(/[-:]/g, "")}-${measured.map(({ benchmark }) => benchmark).join("-")}`;
  writeFileSync(join(folder, "results", `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
}

function table(benchmark: string, results: readonly BenchResult[]): string {
  const rows = results.map(({ name, value, unit, peer }) => [
    name,
    `${shown(value)} ${unit}`.trim(),
    peer === undefined ? "" : `${peer.name} ${shown(peer.value)}`,
    peer === undefined ? "" : ratio({ value, unit, peer: peer.value }),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `\n${benchmark}\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** How many times as good as the peer: a rate over its rate, or its time over ours. */
function ratio({
  value,
  unit,
  peer,
}: {
  readonly value: number;
  readonly unit: string;
  readonly peer: number;
}): string {
  if (unit === "") return `${shown(value - peer)} apart`;
  return `${(unit.endsWith("/s") ? value / peer : peer / value).toFixed(2)}x`;
}

function shown(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en");
  if (size >= 100) return value.toFixed(0);
  return size >= 1 ? value.toFixed(2) : value.toFixed(4);
}
