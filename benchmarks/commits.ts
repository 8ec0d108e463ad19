import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commitWrite, compactTable, expireSnapshots } from "@millwright/lakehouse";
import type { BenchResult } from "./bench-result.ts";
import { median, openBenchLake, timed, type BenchLake } from "./support/lake.ts";

export const long = true;

/** So many commits on one table; `MILL_BENCH_COMMITS` asks for fewer. */
const COMMITS = Number(process.env["MILL_BENCH_COMMITS"] ?? 10_000);
const WINDOW = Math.min(100, Math.floor(COMMITS / 4));
const PEER_COMMITS = Math.min(200, COMMITS);
const EXPIRED_EACH = 100;

/**
 * Commits of one small file each, on the disk when they are answered: beside what they are made of, beside pyiceberg, and
 * as the table grows, with a hundred snapshots kept and with all. Then compaction of ten times the rows.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const lake = await openBenchLake();
  try {
    // Neither the engine's start nor the compiler's work is a commit's.
    for (let number = 0; number < WINDOW; number += 1) await commitOne(lake, { table: "warm", number });
    const parts = await partsOf(lake);
    const plain = await commits(lake, { table: "plain", count: PEER_COMMITS, keepsAll: true });
    const kept = await commits(lake, { table: "all", count: COMMITS, keepsAll: true, properties: PROPERTIES });
    const expired = await commits(lake, { table: "few", count: COMMITS, keepsAll: false, properties: PROPERTIES });
    return [
      ...parts.results,
      {
        name: "a commit, the first hundred",
        value: plain.first,
        unit: "ms",
        peer: { name: "its parts", value: parts.sum },
      },
      ...peerResults(plain),
      {
        name: `commit ${COMMITS}, 100 snapshots kept`,
        value: expired.last,
        unit: "ms",
        peer: { name: "the first of another", value: expired.firstOfNew },
      },
      {
        name: `commit ${COMMITS}, all snapshots kept`,
        value: kept.last,
        unit: "ms",
        peer: { name: "the first of another", value: kept.firstOfNew },
      },
      { name: "expiry of a hundred snapshots", value: expired.expiry, unit: "ms" },
      ...(await compactions(lake)),
    ];
  } finally {
    await lake.close();
  }
}

const rowOf = (number: number): string => `select ${number}::bigint as id, 'name ${number}' as name`;

/** Ten thousand metadata files, each of all snapshots before it, would take 35 GB: a commit deletes the one that it follows. */
const PROPERTIES = {
  "write.metadata.delete-after-commit.enabled": "true",
  "write.metadata.previous-versions-max": "1",
};

interface Commit {
  readonly table: string;
  readonly number: number;
  readonly properties?: Readonly<Record<string, string>>;
}

async function commitOne({ ports }: BenchLake, { table, number, properties = {} }: Commit): Promise<number> {
  return timed(() => commitWrite(ports, { table, select: rowOf(number), mode: "append", properties }));
}

interface Regime extends Omit<Commit, "number"> {
  readonly count: number;
  readonly keepsAll: boolean;
}

/**
 * So many commits. Between the last of them lie the first of a table that is new then: whatever else the machine does, it
 * does to both.
 */
async function commits(lake: BenchLake, { table, count, keepsAll, properties = {} }: Regime) {
  const took: number[] = [];
  const firsts: number[] = [];
  const expiries: number[] = [];
  for (let number = 0; number < count; number += 1) {
    took.push(await commitOne(lake, { table, number, properties }));
    if (number >= count - WINDOW)
      firsts.push(await commitOne(lake, { table: `${table}_new`, number: firsts.length, properties }));
    if (keepsAll || number % EXPIRED_EACH !== EXPIRED_EACH - 1) continue;
    const options = { maxAgeMs: -1, keep: EXPIRED_EACH, isDryRun: false };
    expiries.push(await timed(() => expireSnapshots(lake.world, table, options)));
  }
  return {
    first: median(took.slice(1, WINDOW + 1)),
    firstOfNew: median(firsts.slice(1)),
    at200: median(took.slice(PEER_COMMITS - 20, PEER_COMMITS)),
    last: median(took.slice(-WINDOW)),
    expiry: median(expiries),
  };
}

/** What a commit is made of, each measured by itself: the writer, four files synced side by side, a row of SQLite. */
async function partsOf({ engine, folder, ports }: BenchLake) {
  const [copies, syncs, rows]: [number[], number[], number[]] = [[], [], []];
  const bytes = Buffer.alloc(6_000, 7);
  const places = join(folder, "lake", "parts");
  mkdirSync(places);
  for (let round = 0; round < 50; round += 1) {
    copies.push(
      await timed(() =>
        engine.writeParquet({
          select: rowOf(round),
          path: join(places, `${round}.parquet`),
          columns: [
            { name: "id", type: "long", id: 1 },
            { name: "name", type: "string", id: 2 },
          ],
        }),
      ),
    );
    syncs.push(
      await timed(() => Promise.all([0, 1, 2, 3].map((one) => writeSynced(join(places, `${round}-${one}`), bytes)))),
    );
    const entry = await ports.catalog.get("warm");
    if (entry === undefined) throw new Error("the table is not there");
    rows.push(await timed(() => ports.catalog.swap(entry, entry.metadataLocation)));
  }
  const results = [
    { name: "the engine writes a file of one row", value: median(copies), unit: "ms" },
    { name: "four files synced side by side", value: median(syncs), unit: "ms" },
    { name: "a row of SQLite, synced", value: median(rows), unit: "ms" },
  ];
  return { results, sum: median(copies) + median(syncs) + median(rows) };
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
}

function peerResults({ first, at200 }: { readonly first: number; readonly at200: number }): readonly BenchResult[] {
  const root = join(import.meta.dirname, "..");
  const python = join(root, ".venv-acceptance", "bin", "python");
  if (!existsSync(python)) {
    console.error("NO MEANS  pyiceberg: needs a Python environment at .venv-acceptance (see CONTRIBUTING.md)");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "mill-pyiceberg-"));
  try {
    const script = join(import.meta.dirname, "support", "pyiceberg-peer.py");
    const said = execFileSync(python, [script, folder, String(PEER_COMMITS)], { encoding: "utf8" });
    const took = JSON.parse(said) as number[];
    return [
      {
        name: "a commit at the start",
        value: first,
        unit: "ms",
        peer: { name: "pyiceberg", value: median(took.slice(1, 21)) },
      },
      {
        name: `commit ${PEER_COMMITS}`,
        value: at200,
        unit: "ms",
        peer: { name: "pyiceberg", value: median(took.slice(-20)) },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ten files become one; ten times the rows, and ten times those. */
async function compactions(lake: BenchLake): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const rows of [100_000, 1_000_000, 10_000_000]) {
    const table = `rows_${rows}`;
    const part = rows / 10;
    for (let file = 0; file < 10; file += 1)
      await commitWrite(lake.ports, {
        table,
        select: `select (random() * 1e9)::bigint as id, 'name ' || range as name from range(${part})`,
        mode: "append",
      });
    const took = await timed(() => compactTable(lake, table, { sort: ["id"], isDryRun: false }));
    const before = results.at(-1);
    results.push({
      name: `compaction of ${rows.toLocaleString("en")} rows, sorted`,
      value: took,
      unit: "ms",
      ...(before === undefined ? {} : { peer: { name: "ten times the tenth", value: before.value * 10 } }),
    });
  }
  return results;
}
