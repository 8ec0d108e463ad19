import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { createLakehouse, lakehouseMigrations, type Lakehouse } from "@millwright/lakehouse";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { openDatabaseTableCatalog } from "@millwright/lakehouse/adapters/database-table-catalog";
import { openLocalObjectStore } from "@millwright/lakehouse/adapters/local-object-store";
import { migrate, type Database } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { defineSource, loadSource, sourceFolders, type SourceOptions } from "../src/index.ts";

let folder: string;
let lakehouse: Lakehouse;
let database: Database;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "mill-delta-")));
  await mkdir(join(folder, "data"));
  database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const common = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 512,
    threads: 2,
    logger: silentLogger,
  });
  const store = openLocalObjectStore({ root: join(folder, "lake") });
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  lakehouse = await createLakehouse({ ...common, store, catalog, engine });
});

afterEach(async () => {
  await lakehouse.close();
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const load = (options: SourceOptions<string>) =>
  loadSource({ lakehouse, progress: () => undefined, scratchFolder: folder }, defineSource(options), {
    projectDir: folder,
  });

const rowsOf = async (table: string, columns = "*") =>
  (await lakehouse.query(`select ${columns} from ${table} order by 1`)).rows;

const COLUMNS = { id: "long", country: "string", day: "date", price: "decimal(9, 2)" };
const { python = "" } = inject("means");

describe.skipIf(python === "")("a Delta table of deltalake", () => {
  test("is read at any version, checkpoints, partitions and deletes among them, by the contract", async () => {
    const script = join(import.meta.dirname, "support", "write_delta.py");
    const { stdout } = await promisify(execFile)(python, [script, join(folder, "data")]);
    const told = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { table: string; version: number; rows: unknown[][] });
    expect(told.length).toBe(8);
    for (const { table, version, rows } of told) {
      const columns = version >= 5 ? { ...COLUMNS, extra: "double" } : COLUMNS;
      const name = `${table}_${version}`;
      const loaded = await load({ name, path: `data/${table}`, delta: { version }, columns });
      expect({ table, version, rows: await rowsOf(name) }).toEqual({ table, version, rows });
      expect(loaded.rows).toBe(rows.length);
      expect(loaded.bytes).toBeGreaterThan(1_000);
    }
    const newest = { name: "newest", path: "data/parts", columns: { ...COLUMNS, small: "int", at: "timestamptz" } };
    expect((await load(newest)).rows).toBe(40);
    expect(await load(newest)).toMatchObject({ alreadyLoaded: true, rows: 40 });
    expect(await rowsOf("newest", 'id, small, "at"')).toContainEqual([7, 7, "2024-05-01 01:02:03.000007+00"]);
    await load({ name: "zoned", path: "data/zoned", columns: { id: "long", at: "timestamptz" } });
    expect(await rowsOf("zoned")).toEqual([
      [0, "2024-05-01 01:02:03+00"],
      [1, "2024-05-01 01:02:03.000001+00"],
    ]);
    await expect(load({ name: "wrong", path: "data/plain", columns: { id: "int" } })).rejects.toMatchObject({
      code: "ingestion/wrong-type",
    });
    await expect(load({ name: "none", path: "data/plain", columns: { other: "int" } })).rejects.toMatchObject({
      code: "ingestion/missing-column",
    });
    await expect(load({ ...newest, name: "later", delta: { version: 99 } })).rejects.toMatchObject({
      code: "ingestion/unreadable",
    });
    const folders = await sourceFolders([defineSource(newest)], { projectDir: folder });
    expect(folders).toEqual([join(folder, "data", "parts")]);
  });
});

/** A table of one file with the numbers from 0 to 29, or what is given in its stead. */
async function craft(more: {
  readonly protocol?: object;
  readonly add?: object;
  readonly configuration?: object;
  readonly field?: object;
}): Promise<void> {
  const root = join(folder, "data", "crafted");
  await mkdir(join(root, "_delta_log"), { recursive: true });
  await lakehouse.engine.run(
    `COPY (SELECT range::bigint AS col1 FROM range(30)) TO '${root}/a b.parquet' (FORMAT parquet)`,
  );
  const field = { name: "n", type: "long", nullable: true, metadata: {}, ...more.field };
  const actions = [
    { protocol: { minReaderVersion: 1, minWriterVersion: 2, ...more.protocol } },
    {
      metaData: {
        id: "1",
        format: { provider: "parquet", options: {} },
        schemaString: JSON.stringify({ type: "struct", fields: [field] }),
        partitionColumns: [],
        configuration: more.configuration ?? {},
      },
    },
    {
      add: { path: "a%20b.parquet", partitionValues: {}, size: 1, modificationTime: 1, dataChange: true, ...more.add },
    },
  ];
  const text = actions.map((action) => JSON.stringify(action)).join("\n");
  await writeFile(join(root, "_delta_log", "00000000000000000000.json"), text);
}

const crafted = () => load({ name: "crafted", path: "data/crafted", columns: { n: "long" } });
const features = (...names: string[]) => ({
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: names,
  writerFeatures: names,
});
const MAPPED = {
  configuration: { "delta.columnMapping.mode": "name" },
  field: { metadata: { "delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col1" } },
};
/** The protocol's own example of a vector within the log: it deletes 3, 4, 7, 11, 18 and 29. */
const VECTOR = {
  storageType: "i",
  pathOrInlineDv: "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
  sizeInBytes: 44,
  cardinality: 6,
};

describe("a Delta table with features", () => {
  test("is read with mapped columns and with deletion vectors", async () => {
    await craft({ protocol: features("columnMapping", "deletionVectors"), ...MAPPED, add: { deletionVector: VECTOR } });
    await crafted();
    const gone = new Set([3, 4, 7, 11, 18, 29]);
    const left = Array.from({ length: 30 }, (_, n) => n).filter((n) => !gone.has(n));
    expect(await rowsOf("crafted")).toEqual(left.map((n) => [n]));
  });

  test.each([
    ["a feature that is not known", { protocol: features("columnMapping", "rowWarp") }, /features rowWarp/],
    ["a vector that says another number of rows", { add: { deletionVector: { ...VECTOR, cardinality: 5 } } }, /6 rows/],
    [
      "a vector that is cut off",
      { add: { deletionVector: { ...VECTOR, pathOrInlineDv: VECTOR.pathOrInlineDv.slice(0, 35) } } },
      /deletion vector/,
    ],
    ["a path that leaves the folder", { add: { path: "../../outside.parquet" } }, /log names/],
    ["a path elsewhere", { add: { path: "file:///etc/passwd" } }, /log names/],
  ])("is refused with %s", async (_what, more, because) => {
    await craft({ ...MAPPED, ...more });
    const said = await crafted().catch((error: unknown) => error);
    expect(said).toMatchObject({ because: expect.stringMatching(because) });
    expect((said as { code: string }).code).toMatch(/^ingestion\//);
    expect(await readdir(join(folder, "lake")).catch(() => [])).toEqual([]);
  });
});
