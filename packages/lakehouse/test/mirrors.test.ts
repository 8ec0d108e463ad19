import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onWritePoint, silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { answerRoute, migrate, type Database } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import { openDatabaseIcebergEntries } from "../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../src/adapters/database-table-catalog.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { icebergProtocol, type CatalogWorld } from "../src/iceberg-http.ts";
import { checkedStore, createLakehouse, lakehouseMigrations, type Lakehouse } from "../src/index.ts";
import { mirrorRoutes } from "../src/mirror-http.ts";
import { openDelta } from "../src/delta/delta-table.ts";
import { compactTable } from "../src/care/compact.ts";
import { commitTables } from "../src/rest/commit-tables.ts";
import { expireSnapshots } from "../src/care/expire.ts";

let folder: string;
let lakehouse: Lakehouse;
let database: Database;
let world: CatalogWorld;

async function openLakehouse(): Promise<void> {
  database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  const store = openLocalObjectStore({ root: join(folder, "lake") });
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const entries = openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" });
  const common = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder: join(folder, "tmp"),
    memoryMb: 512,
    threads: 2,
    logger: silentLogger,
  });
  lakehouse = await createLakehouse({ ...common, store, catalog, engine, entries, followsMirrors: true });
  world = {
    ...common,
    entries,
    store: checkedStore(store, catalog),
    changed: (keys) => lakehouse.refresh(keys),
  };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-mirrors-"));
  await openLakehouse();
});

afterEach(async () => {
  onWritePoint(undefined);
  await lakehouse.close();
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** The catalog for clients on this machine. */
async function serveCatalog(): Promise<Server> {
  const protocol = icebergProtocol({
    name: "lab",
    logger: silentLogger,
    clock: systemClock,
    clients: () => [],
    world: () => Promise.resolve(world),
  });
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
      const body = Buffer.concat(await Array.fromAsync(request));
      const headers = request.headers as Record<string, string>;
      const asked = { method: request.method ?? "GET", path: pathname, query: searchParams, headers, body };
      const reply = await protocol.answer(asked).catch((error: unknown) => protocol.refuse(error));
      response.writeHead(reply.status, { ...reply.headers });
      response.end(reply.body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const { python = "" } = inject("means");

interface Step {
  readonly table: string;
  readonly step: string;
  readonly rows: number;
  readonly readers: Readonly<Record<string, string>>;
}

async function readSteps(server: Server): Promise<readonly (Step & Record<string, unknown>)[]> {
  const { port } = server.address() as AddressInfo;
  const script = join(import.meta.dirname, "support", "mirror_readers.py");
  const child = spawn(python, [script, `http://127.0.0.1:${port}`, join(folder, "lake")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (text: Buffer) => (said.out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (said.err += text.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect({ code, err: code === 0 ? "" : said.err }).toEqual({ code: 0, err: "" });
  return said.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const MIRRORED = { "millwright.mirrors": "delta,hudi" };

const behind = async () => (await lakehouse.mirrors.status()).filter(({ isCurrent }) => !isCurrent);

/** The names of the files that a mirror has for readers, at any depth, without its log. */
async function filesOf(format: string, table = "t"): Promise<readonly string[]> {
  const root = join(folder, "lake", "mirrors", format, table);
  const found = await readdir(root, { recursive: true }).catch(() => []);
  return found.filter((name) => name.endsWith(".parquet") && !name.startsWith("_delta_log"));
}

describe("mirrors", () => {
  test("follow each commit once, over the same files, and tell of which snapshot they are", async () => {
    await lakehouse.write({ table: "t", select: "select 1 as a", mode: "append", properties: MIRRORED });
    const { snapshotId } = await lakehouse.write({ table: "t", select: "select 2 as a", mode: "append" });
    const shown = await lakehouse.mirrors.status();
    expect(shown.map((one) => [one.table, one.format, one.isCurrent, one.snapshotsBehind, one.snapshotId])).toEqual([
      ["t", "delta", true, 0, snapshotId],
      ["t", "hudi", true, 0, snapshotId],
    ]);
    await lakehouse.mirrors.followAll();
    expect(await lakehouse.mirrors.status()).toEqual(shown);
    const lake = join(folder, "lake");
    const [data = ""] = await readdir(join(lake, "main", "t", "data"));
    expect((await stat(join(lake, "main", "t", "data", data))).nlink).toBe(3);
    await lakehouse.drop("t");
    expect([await filesOf("delta"), await filesOf("hudi"), await behind()]).toEqual([[], [], []]);
  });

  test("live as long as the table's snapshots, and outlive what is taken from under them", async () => {
    await lakehouse.write({ table: "t", select: "select 1 as a", mode: "replace", properties: MIRRORED });
    await lakehouse.write({ table: "t", select: "select 2 as a", mode: "replace" });
    expect([(await filesOf("delta")).length, (await filesOf("hudi")).length]).toEqual([2, 2]);
    await expireSnapshots(world, "t", { maxAgeMs: -1, keep: 1, isDryRun: false });
    await lakehouse.write({ table: "t", select: "select 3 as a", mode: "append" });
    expect([(await filesOf("delta")).length, (await filesOf("hudi")).length]).toEqual([2, 2]);
    await rm(join(folder, "lake", "main", "t", "data"), { recursive: true });
    const engine = lakehouse.engine;
    const place = join(folder, "lake", "mirrors", "delta", "t", "*.parquet");
    expect((await engine.query(`select count(*) from read_parquet('${place}')`)).rows).toEqual([[2]]);
  });

  test.each(["lakehouse/mirror/after-inflight", "lakehouse/mirror/after-links", "lakehouse/mirror/after-commit"])(
    "that were ended at %s are whole before the next commit and after it",
    async (point) => {
      await lakehouse.write({ table: "t", select: "select 1 as a", mode: "append", properties: MIRRORED });
      onWritePoint((passed) => {
        if (passed === point) throw new Error("ended here");
      });
      await lakehouse.write({ table: "t", select: "select 2 as a", mode: "replace" });
      onWritePoint(undefined);
      await lakehouse.mirrors.followAll();
      expect(await behind()).toEqual([]);
      expect((await filesOf("hudi")).length).toBe(2);
      await lakehouse.write({ table: "t", select: "select 3 as a", mode: "append" });
      expect(await behind()).toEqual([]);
      const log = join(folder, "lake", "mirrors", "delta", "t", "_delta_log");
      expect(await readdir(log)).toEqual([0, 1, 2].map((version) => `${String(version).padStart(20, "0")}.json`));
      const timeline = await readdir(join(folder, "lake", "mirrors", "hudi", "t", ".hoodie"));
      expect(timeline.filter((name) => name.endsWith("commit")).length).toBe(3);
      expect(timeline.filter((name) => name.endsWith("requested")).length).toBe(3);
    },
  );

  test("stay where they were, with the reason, when the table has what the format cannot hold", async () => {
    await lakehouse.write({ table: "t", select: "select 1 as a", mode: "replace", properties: MIRRORED });
    await lakehouse.write({ table: "t", select: "select uuid() as u, time '01:02:03' as b", mode: "replace" });
    expect((await behind()).map((one) => [one.format, one.snapshotsBehind, one.refused])).toEqual([
      ["delta", 1, "Delta has no type for u, which is uuid"],
      ["hudi", 1, "a Hudi mirror has no type for u, which is uuid"],
    ]);
    expect([(await filesOf("delta")).length, (await filesOf("hudi")).length]).toEqual([1, 1]);
    await lakehouse.write({ table: "t", select: "select 1 as b", mode: "replace" });
    expect(await behind()).toEqual([]);
  });

  test("as Delta hold a renamed column whatever is written after it: files call it as they did", async () => {
    const run = (statement: string) => lakehouse.execute(statement);
    await run("create table lab.t (id int, price double, place struct<city varchar>)");
    await run("alter table lab.t set tblproperties ('millwright.mirrors' = 'delta')");
    await run("insert into lab.t values (1, 1.5, {city: 'Bern'}), (2, 2.5, {city: 'Basel'})");
    await run("alter table lab.t rename column price to cost");
    const log = join(folder, "lake", "mirrors", "delta", "lab.t", "_delta_log");
    const shown = async () => {
      const { relation } = await openDelta(lakehouse.engine, {
        log: { list: () => readdir(log), read: (name) => readFile(join(log, name)), place: (name) => join(log, name) },
        locate: (path) => join(log, "..", path),
        read: (place) => readFile(place),
      });
      return (await lakehouse.engine.query(`select ${columns} from ${relation} order by id`)).rows;
    };
    let columns = "id, cost";
    const same = async (costs: readonly number[]) => {
      const { rows } = await lakehouse.query(`select ${columns} from lab.t order by id`);
      expect([await shown(), await behind()]).toEqual([rows, []]);
      expect(rows.map(([, cost]) => cost)).toEqual(costs);
    };
    await same([1.5, 2.5]);
    await run("insert into lab.t values (3, 3.5, {city: 'Chur'})");
    await same([1.5, 2.5, 3.5]);
    await run("update lab.t set cost = cost + 10 where id = 1");
    await run("delete from lab.t where id = 2");
    await same([11.5, 3.5]);
    await run("alter table lab.t add column price varchar");
    await run("insert into lab.t values (0, 0.5, {city: 'Aarau'}, 'low')");
    columns = "id, cost, price";
    await same([0.5, 11.5, 3.5]);
    await compactTable({ world, engine: lakehouse.engine }, "lab.t", { all: true, isDryRun: false });
    await same([0.5, 11.5, 3.5]);
    await run("insert into lab.t values (4, 4.5, {city: 'Davos'}, 'high')");
    await same([0.5, 11.5, 3.5, 4.5]);
  });

  test("as Delta hold a column that a client renamed, and what a run appends after it", async () => {
    const properties = { "millwright.mirrors": "delta" };
    await lakehouse.write({ table: "t", select: "select 1 as a, 7 as k", mode: "append", properties });
    const fields = ["b", "k"].map((name, index) => ({ id: index + 1, name, required: false, type: "int" }));
    await commitTables(world, [
      {
        identifier: { namespace: ["main"], name: "t" },
        requirements: [],
        updates: [
          { action: "add-schema", schema: { type: "struct", "schema-id": 1, fields } },
          { action: "set-current-schema", "schema-id": -1 },
        ],
      },
    ]);
    const files = join(folder, "lake", "main", "t", "data", "*.parquet");
    const namesInFiles = async () =>
      (await lakehouse.engine.query(`select list(distinct name order by name) from parquet_schema('${files}')`)).rows;
    for (const layout of [{}, { sortBy: ["k"] }]) {
      await lakehouse.write({ table: "t", select: "select 2 as b, 8 as k", mode: "append", ...layout });
      expect(await behind()).toEqual([]);
      expect(await namesInFiles()).toEqual([[["a", "duckdb_schema", "k"]]]);
    }
    expect((await lakehouse.query("select b, k from t order by b")).rows).toEqual([
      [1, 7],
      [2, 8],
      [2, 8],
    ]);
  });

  test("are begun and ended over the API, and refused there before anything is changed", async () => {
    const routes = mirrorRoutes(() => ({ world: () => Promise.resolve(world), mirrors: lakehouse.mirrors }));
    const ask = (id: string, asked: object) => {
      const found = routes.find((route) => route.id === id);
      if (found === undefined) throw new Error(id);
      return answerRoute(found, {
        params: {},
        query: {},
        body: undefined,
        signal: new AbortController().signal,
        ...asked,
      });
    };
    await lakehouse.write({ table: "t", select: "select 1 as a", mode: "replace" });
    await lakehouse.write({ table: "u", select: "select uuid() as u", mode: "replace" });
    const add = (name: string, format: string) => ask("addMirror", { params: { name }, body: { format } });
    expect(await add("t", "delta")).toMatchObject({ table: "t", format: "delta", isCurrent: true, version: "0" });
    await add("t", "hudi");
    await expect(add("u", "delta")).rejects.toMatchObject({ code: "lakehouse/mirror-refused" });
    await expect(add("none", "delta")).rejects.toMatchObject({ code: "lakehouse/unknown-table" });
    expect(await ask("listMirrors", { query: { table: "u" } })).toEqual([]);
    await ask("dropMirror", { params: { name: "t", format: "delta" } });
    expect([await filesOf("delta"), (await filesOf("hudi")).length]).toEqual([[], 1]);
    const again = ask("dropMirror", { params: { name: "t", format: "delta" } });
    await expect(again).rejects.toMatchObject({ code: "lakehouse/unknown-mirror" });
  });
});

describe.skipIf(python === "")("readers of other formats", () => {
  test("read what pyiceberg reads after each commit, or decline", async () => {
    for (let one = 0; one < 22; one += 1)
      await lakehouse.write({ table: "many", select: `select ${one} as a`, mode: "append", properties: MIRRORED });
    const server = await serveCatalog();
    try {
      const steps = await readSteps(server);
      const told = steps.filter(({ readers }) => readers !== undefined);
      const others = told.flatMap(({ table, step, readers }) =>
        Object.entries(readers).flatMap(([reader, found]) =>
          found === "equal" ? [] : [`${table}, ${step}: ${reader} ${found}`],
        ),
      );
      const mapped = [
        "plain, rename",
        "plain, all written anew",
        "plain, nothing left",
        "nested, rename within a column",
      ];
      expect(others.filter((line) => !line.includes("hudi"))).toEqual(
        mapped.flatMap((step) => [`${step}: delta pyarrow declined`, `${step}: delta polars declined`]),
      );
      expect(others.filter((line) => line.includes("hudi"))).toEqual([
        "plain, rename: hudi stayed behind",
        "nested, rename within a column: hudi stayed behind",
      ]);
      expect(told.length).toBe(23);
      const { delta, query, hudi, instants } = Object.fromEntries(Object.entries(steps.at(-1) ?? {}));
      expect({ delta, query, hudi, instants }).toEqual({ delta: 21, query: 22, hudi: 22, instants: 20 });
      expect((await behind()).map(({ table, refused }) => [table, refused])).toEqual([
        [
          "lab.nested",
          "the column point.label was renamed: the data files call it y, and Hudi finds columns by their name",
        ],
      ]);
    } finally {
      server.close();
    }
  });
});
