import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { isMillError, toProblem } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { compactTable } from "../src/care/compact.ts";
import { rewriteManifests } from "../src/care/rewrite-manifests.ts";
import { identifierNamed, tableNow } from "../src/care/table-named.ts";
import { mapDiskError } from "../src/domain/disk-error.ts";
import { createLakehouse, type ObjectStore, type SqlEngine } from "../src/index.ts";
import { liveFilesOf, manifestsOf } from "../src/table-files.ts";
import { openLake } from "./support/lake-fixture.ts";

// A file of a table is missing, cut off, changed or another's; the disk is full. Each is told as what it is, by the file's
// path and with what to do; the table is as it was, and other tables answer.

type Lake = Awaited<ReturnType<typeof openLake>>;
const TABLE = "orders";
const MERGE_ON_READ = "TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')";

let lake: Lake;
let files: Readonly<Record<"data" | "deletes" | "manifest" | "list" | "metadata" | "other", string>>;
let location: string;

beforeAll(async () => {
  lake = await openLake();
  const run = (sql: string) => lake.lakehouse.execute(sql);
  await run("CREATE TABLE others (id varchar, w double)");
  await run("INSERT INTO others SELECT 'x' || range, 1 FROM range(10)");
  await run(`CREATE TABLE ${TABLE} (id bigint, v varchar) ${MERGE_ON_READ}`);
  await run(`INSERT INTO ${TABLE} SELECT range, 'a' FROM range(10)`);
  await run(`INSERT INTO ${TABLE} SELECT range, 'a' FROM range(10, 20)`);
  await run(`DELETE FROM ${TABLE} WHERE id = 3`);
  const { store } = lake.world;
  const placeOf = (one: string) => store.locate(store.pathOf(one));
  const now = await tableNow(lake.world, identifierNamed(TABLE));
  location = now.location;
  const live = await liveFilesOf(store, now.metadata);
  const place = (content: number) => placeOf(live.find(({ file }) => file.content === content)?.file.file_path ?? "");
  const others = await tableNow(lake.world, identifierNamed("others"));
  const [manifest] = await manifestsOf(store, now.metadata);
  files = {
    data: place(0),
    deletes: place(1),
    manifest: placeOf(manifest?.manifest_path ?? ""),
    list: placeOf(now.metadata.snapshots.at(-1)?.["manifest-list"] ?? ""),
    metadata: placeOf(location),
    other: placeOf((await liveFilesOf(store, others.metadata))[0]?.file.file_path ?? ""),
  };
});
afterAll(() => lake.remove());

const change = (path: string) => {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 4, bytes.length >> 1);
  writeFileSync(path, bytes);
};
const cut = (path: string) => truncateSync(path, readFileSync(path).length >> 1);
const FAULTS = [
  { kind: "data", fault: "missing", code: "lakehouse/missing-file" },
  { kind: "data", fault: "cut off", code: "lakehouse/damaged-file" },
  { kind: "data", fault: "of another schema", code: "lakehouse/unfit-file" },
  { kind: "deletes", fault: "missing", code: "lakehouse/missing-file" },
  { kind: "deletes", fault: "cut off", code: "lakehouse/damaged-file" },
  { kind: "manifest", fault: "missing", code: "lakehouse/missing-file" },
  { kind: "manifest", fault: "cut off", code: "lakehouse/damaged-manifest" },
  { kind: "manifest", fault: "changed", code: "lakehouse/damaged-manifest" },
  { kind: "list", fault: "missing", code: "lakehouse/missing-file" },
  { kind: "list", fault: "cut off", code: "lakehouse/damaged-manifest" },
  { kind: "list", fault: "changed", code: "lakehouse/damaged-manifest" },
  { kind: "metadata", fault: "missing", code: "lakehouse/missing-file" },
  { kind: "metadata", fault: "cut off", code: "lakehouse/damaged-metadata" },
  { kind: "metadata", fault: "changed", code: "lakehouse/damaged-metadata" },
] as const;

function strike(path: string, fault: (typeof FAULTS)[number]["fault"]): void {
  if (fault === "missing") rmSync(path);
  else if (fault === "cut off") cut(path);
  else if (fault === "changed") change(path);
  else copyFileSync(files.other, path);
}

/** What a reader and a writer of the table are told, each by a process that has not seen it whole. */
async function told(): Promise<readonly unknown[]> {
  const another = await openLake(lake.folder);
  try {
    const { lakehouse, world, engine } = another;
    const acts = [
      () => lakehouse.query(`SELECT count(*), sum(id), max(v) FROM ${TABLE}`),
      () => lakehouse.query(`SELECT v FROM ${TABLE} WHERE id >= 0`),
      () => lakehouse.execute(`UPDATE ${TABLE} SET v = 'b' WHERE id < 1000`),
      () => compactTable({ world, engine }, TABLE, { all: true, minInputFiles: 2, isDryRun: false }),
    ];
    const errors: unknown[] = [];
    for (const act of acts)
      errors.push(
        await act().then(
          (answer) => ({ answer }),
          (error: unknown) => error,
        ),
      );
    expect((await lakehouse.query("SELECT count(*) FROM others")).rows).toEqual([[10]]);
    return errors;
  } finally {
    await another.lakehouse.close();
    await another.database.close();
  }
}

describe("a file of a table", () => {
  // What another program wrote has no checksum here: it is known by its form alone. Data files are looked at in one way.
  const cases = FAULTS.flatMap((one) => [
    { ...one, by: "written here" },
    ...(one.fault === "changed" || (one.kind === "data" && !inject("full"))
      ? []
      : [{ ...one, by: "written by another" }]),
  ]);

  test.each(cases)("$kind $fault, $by, is told by its own error", async ({ kind, fault, code, by }) => {
    const path = files[kind];
    const kept = readFileSync(path);
    const named = lake.world.store.pathOf(path);
    const known = await lake.catalog.file(named);
    if (by !== "written here") await lake.world.entries.forgetFiles([named]);
    strike(path, fault);
    try {
      for (const error of await told()) {
        expect(error).toMatchObject({ code });
        const { detail, remedy } = toProblem(error);
        expect(detail).toContain(named);
        expect(remedy).not.toBe("");
      }
      expect((await lake.catalog.get(TABLE))?.metadataLocation).toBe(location);
    } finally {
      writeFileSync(path, kept);
      const entry = await lake.catalog.get(TABLE);
      if (entry !== undefined && known !== undefined) await lake.catalog.swap(entry, location, [known]);
    }
    const { rows } = await lake.lakehouse.query(`SELECT count(*), sum(id) FROM ${TABLE}`);
    expect(rows).toEqual([[19, 187]]);
  });

  test("is never believed in part, nor a defect, whichever bit is changed of what has no checksum", async () => {
    const { store, entries } = lake.world;
    const paths = [files.metadata, files.list, files.manifest];
    await entries.forgetFiles(paths.map((path) => store.pathOf(path)));
    let state = 20_261_129;
    const random = (end: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * end);
    };
    const another = await openLake(lake.folder);
    const fresh = { ...another.world, store: { ...another.world.store } };
    for (let flip = 0; flip < 300; flip += 1) {
      const path = paths[flip % paths.length] ?? "";
      const kept = readFileSync(path);
      const bytes = Buffer.from(kept);
      const at = random(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
      writeFileSync(path, bytes);
      try {
        // Another store each time: one keeps the metadata that it has read.
        const world = { ...fresh, store: { ...fresh.store } };
        const { metadata } = await tableNow(world, identifierNamed(TABLE));
        await liveFilesOf(world.store, metadata);
      } catch (error) {
        const where = `bit of byte ${at} of ${path}: ${String(error)}`;
        expect(isMillError(error) || String(error).includes("leaves the store"), where).toBe(true);
      } finally {
        writeFileSync(path, kept);
      }
    }
    await another.lakehouse.close();
    await another.database.close();
  });
});

/** A store and an engine that find the disk full at the nth time that something is to be written. */
function full({ store, engine }: { readonly store: ObjectStore; readonly engine: SqlEngine }, nth: number) {
  let count = 0;
  const refuse = () => {
    count += 1;
    if (count === nth) throw mapDiskError(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
  };
  const first = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    refuse();
    return act();
  };
  function* each<One>(files: Iterable<One>): Generator<One> {
    for (const file of files) {
      refuse();
      yield file;
    }
  }
  return {
    store: {
      ...store,
      write: (path, bytes) => first(() => store.write(path, bytes)),
      create: (files) => store.create(each(files)),
      seal: (path) => first(() => store.seal(path)),
      sync: (path) => first(() => store.sync(path)),
      prepareFolder: (path) => first(() => store.prepareFolder(path)),
    } satisfies ObjectStore,
    engine: {
      ...engine,
      // Rows are laid aside by the one; what was laid aside goes by the other.
      run: (sql) => (sql.startsWith("DROP") ? engine.run(sql) : first(() => engine.run(sql))),
      writeFiles: (request) => first(() => engine.writeFiles(request)),
      writeParquet: (request) => first(() => engine.writeParquet(request)),
    } satisfies SqlEngine,
    isPast: () => count >= nth,
  };
}

describe("a full disk", () => {
  type Acting = Pick<Lake, "lakehouse" | "world"> & { readonly engine: SqlEngine };
  const statement = (sql: string) => (one: Acting) => one.lakehouse.execute(sql);
  const ACTS: Readonly<Record<string, (one: Acting) => Promise<unknown>>> = {
    append: ({ lakehouse }) => lakehouse.write({ table: "filled", select: "SELECT 1 AS k", mode: "append" }),
    insert: statement("INSERT INTO rows VALUES (100, 'n')"),
    update: statement("UPDATE rows SET v = 'u' WHERE id = 4"),
    delete: statement("DELETE FROM rows WHERE id = 5"),
    merge: statement(
      "MERGE INTO rows AS t USING (SELECT 6::bigint AS id) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = 'm' WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 'i')",
    ),
    compact: ({ world, engine }) => compactTable({ world, engine }, "rows", { all: true, isDryRun: false }),
    "rewrite manifests": ({ world }) => rewriteManifests(world, "rows", { isDryRun: false }),
  };

  beforeAll(async () => {
    await lake.lakehouse.write({ table: "filled", select: "SELECT 0 AS k", mode: "append" });
    await lake.lakehouse.execute(`CREATE TABLE rows (id bigint, v varchar) ${MERGE_ON_READ}`);
    for (const from of [0, 10])
      await lake.lakehouse.execute(`INSERT INTO rows SELECT range, 'a' FROM range(${from}, ${from + 10})`);
  });

  const states = async () => {
    const read = async (table: string) => (await lake.lakehouse.query(`SELECT * FROM ${table} ORDER BY ALL`)).rows;
    const at = async (table: string) => (await lake.catalog.get(table))?.metadataLocation;
    return [await read("filled"), await read("rows"), await at("filled"), await at("rows")];
  };

  test.each(Object.keys(ACTS))("at each write of %s leaves the tables as they were", async (name) => {
    const act = ACTS[name] ?? (() => Promise.resolve());
    const { catalog, world } = lake;
    for (let nth = 1; ; nth += 1) {
      const before = await states();
      const { store, engine, isPast } = full({ store: world.store, engine: lake.engine }, nth);
      const { entries, clock, ids, logger } = world;
      const lakehouse = await createLakehouse({ store, engine, catalog, entries, clock, ids, logger });
      const done = await act({ lakehouse, engine, world: { ...world, store } }).then(
        () => undefined,
        (error: unknown) => error,
      );
      await lake.lakehouse.refresh(["filled", "rows"]);
      if (!isPast()) {
        expect(done).toBe(undefined);
        expect(nth).toBeGreaterThan(2);
        return;
      }
      expect(done, `write ${nth}`).toMatchObject({ code: "lakehouse/disk-full" });
      expect(await states(), `write ${nth}`).toEqual(before);
    }
  });
});
