import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ImageFolder } from "../../../e2e/support/image-folder.ts";
import { memoryFolder } from "../../../e2e/support/memory-folder.ts";
import { readTrace, STRACE, TracedDisk } from "../../../e2e/support/traced-disk.ts";
import { eitherOf, told, type Deed, type KillJob } from "./support/kill-lanes.ts";
import { LakeWatch } from "./support/lake-watch.ts";

// The calls to the disk of commits of every kind are recorded. When the pointer to a table's new state moves, all that it
// leads to is on the disk; and a loss of power at any point leaves each table as it was told, or with what had been begun.

const strace = inject("means").strace;
const IMAGES = inject("full") ? 3_000 : 80;
const COMMITS = 100;
const SEED = 20_261_128;
/** Of the metadata folder; data files, and files of deletes, lie beside it. */
const METADATA = /\/metadata\/[^/]*\.metadata\.json$/;

type Calls = Awaited<ReturnType<typeof readTrace>>;

/** A commit in the record, by places in it. */
interface Recorded {
  readonly deed: Deed;
  readonly begun: number;
  readonly done: number;
  /** The first write that tells the database of the table's new metadata; undefined when nothing was to be done. */
  readonly pointer: number | undefined;
}

describe.skipIf(strace === undefined)("a loss of power while tables are changed", () => {
  let outer: string;
  let folder: string;
  let calls: Calls;
  let commits: readonly Recorded[];

  beforeAll(async () => {
    outer = mkdtempSync(join(memoryFolder(), "mill-power-"));
    folder = join(outer, "lake");
    mkdirSync(folder);
    const job: KillJob = { seed: SEED, killAt: "nowhere", nth: 0, commits: COMMITS };
    const child = join(import.meta.dirname, "support", "commits-child.ts");
    const trace = join(outer, "trace");
    const recorded = spawnSync(strace ?? "", [...STRACE, "-o", trace, process.execPath, child, "statements", folder], {
      encoding: "utf8",
      input: `${JSON.stringify(job)}\n`,
    });
    expect(recorded.status, recorded.stderr).toBe(0);
    calls = await readTrace(trace, folder);
    commits = commitsIn(calls);
  });
  afterAll(() => rmSync(outer, { recursive: true, force: true }));

  test("the record holds commits of every kind", () => {
    expect(commits).toHaveLength(COMMITS);
    const kinds = new Set(commits.filter(({ pointer }) => pointer !== undefined).map(({ deed }) => deed.what));
    const all = ["append", "compact", "delete", "expire", "insert", "merge", "replace", "rewrite", "set", "update"];
    expect([...kinds].toSorted()).toEqual(all);
  });

  test("all that a new state leads to is synced, with its folders, before the pointer moves; then the pointer is", () => {
    const disk = emptyDisk(folder);
    let at = 0;
    for (const { deed, begun, done, pointer } of commits) {
      if (pointer === undefined) continue;
      for (; at < pointer; at += 1) take(disk, calls[at]);
      const durable = disk.image(undefined);
      const isLost = ([path, bytes]: [string, Buffer]) => isInLake(path) && durable.get(path)?.equals(bytes) !== true;
      const lost = [...disk.now()].filter(isLost).map(([path]) => path);
      expect(lost, JSON.stringify(deed)).toEqual([]);
      const own = calls.slice(begun, pointer);
      const written = own.flatMap(writtenBy);
      expect(written.some(({ path }) => METADATA.test(path))).toBe(true);
      const synced = own.flatMap((call) => (call.kind === "sync" ? call.path : []));
      for (const { path, writtenAs } of written) {
        expect(synced).toContain(writtenAs);
        expect(synced).toContain(dirname(path));
      }
      const acknowledged = calls.slice(pointer, done);
      expect(acknowledged.some(({ kind, ...call }) => kind === "sync" && "path" in call && isLog(call.path))).toBe(
        true,
      );
    }
  });

  test(`at ${IMAGES} points leaves each table as it was told`, { timeout: 120_000 + IMAGES * 200 }, async () => {
    let state = SEED;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const points = Array.from({ length: IMAGES }, () => Math.floor(random() * calls.length));
    const disk = emptyDisk(folder);
    const images = new ImageFolder(folder);
    const watch = await LakeWatch.open(folder);
    const said: string[] = [];
    let at = 0;
    for (const [image, point] of points.toSorted((one, other) => one - other).entries()) {
      for (; at < point; at += 1) {
        const call = calls[at];
        if (call?.kind === "said") said.push(...call.text.trim().split("\n"));
        take(disk, call);
      }
      // One in four loses all that was not synced.
      if (!images.hold(disk.image(image % 4 === 0 ? undefined : random))) continue;
      const expected = told(new Map(), said);
      const tables = await watch.look();
      const where = `image ${image} of seed ${SEED}, after call ${point} of ${calls.length}`;
      for (const name of new Set([...expected.tables.keys(), ...tables.keys()]))
        expect(eitherOf(expected, name), `${name}, ${where}`).toContainEqual(tables.get(name) ?? []);
    }
    watch.close();
    expect(said.filter((line) => line === "done").length).toBeGreaterThan(COMMITS / 2);
  });
});

function emptyDisk(folder: string): TracedDisk {
  const folders = [folder];
  for (let above = dirname(folder); above !== "/"; above = dirname(above)) folders.push(above);
  return new TracedDisk(new Map(), folders);
}

function take(disk: TracedDisk, call: Calls[number] | undefined): void {
  if (call !== undefined) disk.take(call);
}

const isInLake = (path: string) => path.includes("/lake/lake/");
const isLog = (path: string) => path.endsWith("/metadata.db-wal");

function commitsIn(calls: Calls): readonly Recorded[] {
  const commits: Recorded[] = [];
  let begun: { readonly at: number; readonly deed: Deed } | undefined;
  for (const [at, call] of calls.entries()) {
    if (call.kind !== "said") continue;
    for (const line of call.text.trim().split("\n")) {
      if (line.startsWith("begin ")) begun = { at, deed: JSON.parse(line.slice("begin ".length)) as Deed };
      if (line !== "done" || begun === undefined) continue;
      const pointer = pointerIn(calls, { begun: begun.at, done: at });
      commits.push({ deed: begun.deed, begun: begun.at, done: at, pointer });
    }
  }
  return commits;
}

/** A file of the lake that a call gives its name to, and the name under which its bytes are written and synced. */
function writtenBy(call: Calls[number]): readonly { readonly path: string; readonly writtenAs: string }[] {
  if (call.kind === "rename") return [{ path: call.to, writtenAs: call.path }];
  const isNamed = call.kind === "create" && isInLake(call.path) && !call.path.endsWith(".tmp");
  return isNamed ? [{ path: call.path, writtenAs: call.path }] : [];
}

function pointerIn(calls: Calls, { begun, done }: { readonly begun: number; readonly done: number }) {
  const made = calls
    .slice(begun, done)
    .flatMap(writtenBy)
    .flatMap(({ path }) => (METADATA.test(path) ? path : []));
  const name = made.at(-1)?.split("/").at(-1);
  if (name === undefined) return undefined;
  const tells = (call: Calls[number]) => call.kind === "write" && isLog(call.path) && call.bytes.includes(name);
  return begun + calls.slice(begun, done).findIndex(tells);
}
