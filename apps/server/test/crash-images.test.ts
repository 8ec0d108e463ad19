import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { loadProject, type Project } from "@millwright/project";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { memoryFolder } from "../../../e2e/support/memory-folder.ts";
import { edit, mill, rowHashes, smallFlights } from "../../../e2e/support/project.ts";
import { installation, statePaths, verifyState } from "../src/index.ts";
import { ImageFolder } from "../../../e2e/support/image-folder.ts";
import { readTrace, STRACE, TracedDisk } from "../../../e2e/support/traced-disk.ts";

// A run's calls to the disk are recorded; then the power is cut at points between them, and what was not synced is lost,
// kept or torn. Each disk that is left must open: every table all-old or all-new, and what was told to be done is there.

const IMAGES = inject("full") ? 10_000 : 60;
const SEED = 20_261_127;
/** So many calls at the end are those of closing. */
const CLOSING = 100;
const root = join(import.meta.dirname, "..", "..", "..");
const strace = inject("means").strace;

describe.skipIf(strace === undefined)("a loss of power", () => {
  let projectDir: string;
  let state: string;
  let settings: Project["settings"];
  let before: Disk;
  let calls: Awaited<ReturnType<typeof readTrace>>;
  let undisturbed: Readonly<Record<string, string>>;
  let ends: { readonly old: Snapshots; readonly new: Snapshots };

  beforeAll(async () => {
    projectDir = smallFlights(memoryFolder());
    state = join(projectDir, ".mill");
    expect(mill(["run", "--select", "+departures", "--project", projectDir]).code).toBe(0);
    // One table has an old state and a new one; the others have none yet.
    edit(projectDir, "models/marts/departures.sql", (text) => text.replace(" distance,", " distance + 1 as distance,"));
    before = readDisk(state);
    const old = snapshots(state);
    const trace = join(projectDir, "trace");
    const recorded = spawnSync(
      strace ?? "",
      [...STRACE, "-o", trace, join(root, "bin", "mill"), "run", "--project", projectDir],
      { encoding: "utf8" },
    );
    expect(recorded.status, recorded.stderr).toBe(0);
    calls = await readTrace(trace, state);
    ends = { old, new: snapshots(state) };
    undisturbed = rowHashes(projectDir);
    ({ settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl }));
  }, 240_000);
  afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

  test("the record holds what a run does: it ends as the run did", () => {
    const disk = new TracedDisk(before.files, before.folders);
    for (const call of calls) disk.take(call);
    new ImageFolder(state).hold(disk.image(() => 0));
    const now = snapshots(state);
    expect(now).toEqual(ends.new);
    expect(Object.keys(now).length).toBeGreaterThan(Object.keys(ends.old).length);
    expect(calls.filter(({ kind }) => kind === "sync").length).toBeGreaterThan(100);
  });

  test(
    `at ${IMAGES} points leaves a state that opens, and keeps what was told`,
    { timeout: 240_000 + IMAGES * 200 },
    async () => {
      const random = seeded(SEED);
      // One in four as all is closed at the end, where much happens in few calls.
      const from = (image: number) => (image % 4 === 0 ? Math.max(0, calls.length - CLOSING) : 0);
      const points = Array.from({ length: IMAGES }, (_, image) =>
        Math.floor(from(image) + random() * (calls.length - from(image))),
      ).toSorted((a, b) => a - b);
      const disk = new TracedDisk(before.files, before.folders);
      const folder = new ImageFolder(state);
      let told = "";
      let at = 0;
      for (const [image, point] of points.entries()) {
        for (; at < point; at += 1) {
          const call = calls[at];
          if (call?.kind === "said") told += call.text;
          else if (call !== undefined) disk.take(call);
        }
        // One in five loses all that was not synced.
        const isNew = folder.hold(disk.image(image % 5 === 0 ? undefined : random));
        const where = `image ${image} of seed ${SEED}, after call ${point} of ${calls.length}`;
        if (isNew) {
          const findings = await verifyState(settings, statePaths(projectDir), () => {});
          expect(
            findings.filter(({ holds }) => !holds),
            where,
          ).toEqual([]);
        }
        const now = snapshots(state);
        for (const [table, snapshot] of Object.entries(now))
          expect([ends.old[table], ends.new[table]], `${table}, ${where}`).toContain(snapshot);
        for (const table of doneTables(told))
          expect(now[table], `${table} was told to be done, ${where}`).toBe(ends.new[table]);
      }
      expect(doneTables(told).length).toBeGreaterThan(3);
    },
  );

  test("in the middle is made good by the next run: every table's rows are as if nothing had happened", async () => {
    const random = seeded(SEED + 1);
    const disk = new TracedDisk(before.files, before.folders);
    for (const call of calls.slice(0, Math.floor(calls.length * 0.6))) disk.take(call);
    new ImageFolder(state).hold(disk.image(random));
    const { code, stderr } = mill(["run", "--project", projectDir]);
    expect(code, stderr).toBe(0);
    expect(rowHashes(projectDir)).toEqual(undisturbed);
  });
});

interface Disk {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly folders: ReadonlySet<string>;
}

type Snapshots = Readonly<Record<string, string | null>>;

function readDisk(folder: string): Disk {
  const paths = globSync("**/*", { cwd: folder }).map((path) => join(folder, path));
  const isFolder = (path: string) => statSync(path).isDirectory();
  const folders = new Set([...paths.filter(isFolder), folder]);
  for (let above = dirname(folder); above !== "/"; above = dirname(above)) folders.add(above);
  return { files: new Map(paths.filter((path) => !isFolder(path)).map((path) => [path, readFileSync(path)])), folders };
}

/** Each table's snapshot, as the metadata has it. */
function snapshots(folder: string): Snapshots {
  const path = join(folder, "metadata.db");
  if (!existsSync(path)) return {};
  const sqlite = new DatabaseSync(path);
  try {
    const rows = sqlite.prepare("select name, snapshot_id from lake_entry where branch = 'main'").all();
    return Object.fromEntries(rows.map((row) => [String(row["name"]), row["snapshot_id"] as string | null]));
  } finally {
    sqlite.close();
  }
}

/** The tables that the run had said to be done. */
function doneTables(told: string): readonly string[] {
  return [...told.matchAll(/✓ (?:table|source):(\S+)/g)].flatMap(([, table]) => table ?? []);
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
