import { setTimeout } from "node:timers/promises";
import { fileSchemaOf } from "../commit/file-schema.ts";
import { readsOf } from "../domain/dml/reads-of.ts";
import type { DmlStatement } from "../domain/dml/statement.ts";
import { FILE, POSITION } from "../domain/iceberg/scan.ts";
import { lakehouseErrors } from "../errors.ts";
import { liveFilesOf, scanOf, scanOfFiles } from "../table-files.ts";
import { changeRows, dataFolder, type FileChange } from "./change-rows.ts";
import { checkFragments, sourceAliasOf } from "./check-fragments.ts";
import { commitChange } from "./commit-change.ts";
import { conflictsSince, isolationOf, type Kind } from "./isolation.ts";
import { DOES, Does, planDelete, planInsert, planMerge, planUpdate, type RowPlan } from "./row-plan.ts";
import { withScratch } from "./scratch.ts";
import { withTargetFiles, type PruningPorts } from "./target-files.ts";
import { loadTarget, refuseUnwritable, type TargetTable } from "./target-table.ts";
import { NOTHING_WRITTEN, writeData } from "./write-data.ts";

/** What a statement has done. Without a snapshot there was nothing to do. */
export interface RowsChanged {
  readonly table: string;
  /** The table's key in the catalog. */
  readonly key: string;
  readonly statement: DmlStatement["kind"];
  readonly snapshotId: string | null;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export type DmlPorts = PruningPorts & {
  /** Has the engine see what a text names as it is now, unless told what the statement does: it may select from its target. */
  readonly see: (reads?: string) => Promise<void>;
};

/**
 * Runs a statement that changes rows, as one snapshot or none. It is laid upon the table as it was read; when another has
 * written meanwhile, it is laid upon the newer state if its isolation level allows, and else run anew from the beginning.
 * Throws `lakehouse/commit-conflict` when the table's retries are used up.
 */
export async function runDml(ports: DmlPorts, statement: DmlStatement): Promise<RowsChanged> {
  await checkFragments(ports.engine, statement);
  const sourceAlias = statement.kind === "merge" ? await sourceAliasOf(ports.engine, statement.using) : "";
  const startedAt = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    const table = await loadTarget(ports, statement.target.parts);
    refuseUnwritable(table);
    await ports.see(readsOf(statement));
    const retries = retriesOf(table.metadata.properties);
    const done = await runOnce(ports, table, { statement, sourceAlias, retries });
    if (done !== undefined) return done;
    if (attempt >= retries.tries || performance.now() - startedAt > retries.totalMs)
      throw lakehouseErrors.create("lakehouse/commit-conflict", {
        because: `${table.name} kept changing while the statement ran`,
      });
    await pause(retries, attempt);
  }
}

interface Retries {
  readonly tries: number;
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  readonly totalMs: number;
}

/** By Iceberg's table properties and their defaults. */
function retriesOf(properties: Readonly<Record<string, string>>): Retries {
  const number = (name: string, otherwise: number) => {
    const asked = Number(properties[name] ?? otherwise);
    return Number.isFinite(asked) && asked >= 0 ? asked : otherwise;
  };
  return {
    tries: Math.min(number("commit.retry.num-retries", 4), 100),
    waitMsMin: number("commit.retry.min-wait-ms", 100),
    waitMsMax: number("commit.retry.max-wait-ms", 60_000),
    totalMs: number("commit.retry.total-timeout-ms", 1_800_000),
  };
}

/** Twice as long each time, and by chance, so that writers who met once do not meet again. */
function pause({ waitMsMin, waitMsMax }: Retries, attempt: number): Promise<void> {
  return setTimeout(Math.min(waitMsMax, waitMsMin * 2 ** attempt) * (0.5 + Math.random() / 2));
}

interface Run {
  readonly statement: DmlStatement;
  readonly sourceAlias: string;
  readonly retries: Retries;
}

async function runOnce(ports: DmlPorts, table: TargetTable, run: Run): Promise<RowsChanged | undefined> {
  const { statement } = run;
  if (statement.kind === "insert") return insert(ports, table, { ...run, statement });
  if (statement.kind === "delete" && statement.where === undefined && statement.using === undefined)
    return deleteAll(ports, table, run);
  const { sourceAlias } = run;
  return withTargetFiles(ports, table, { statement, sourceAlias }, async (pruned) => {
    const { metadata, schema } = table;
    const scan =
      pruned.files === undefined
        ? await scanOf(ports, metadata, { schema, tellsPlaces: true })
        : await scanOfFiles(ports, { metadata, schema, files: pruned.files, tellsPlaces: true });
    return changeScanned(ports, table, { ...run, plan: planOf(pruned.statement, { schema, scan, sourceAlias }) });
  });
}

async function changeScanned(
  ports: DmlPorts,
  table: TargetTable,
  { plan, ...run }: Run & { readonly plan: RowPlan },
): Promise<RowsChanged | undefined> {
  const { statement } = run;
  return withScratch(ports, await ports.expand(plan.select), async (scratch) => {
    const counts = await countsOf(ports, { scratch, isDelete: statement.kind === "delete" });
    if (counts.inserted + counts.updated + counts.deleted === 0)
      return told(table, { statement, snapshotId: null, counts });
    const mode = modeOf(statement.kind, table);
    const files = await changeRows(ports, table, { scratch, hasValues: plan.hasValues, mode });
    return commit(ports, table, { ...run, files, counts, mode });
  });
}

function planOf(
  statement: Exclude<DmlStatement, { kind: "insert" }>,
  { sourceAlias, ...of }: { schema: TargetTable["schema"]; scan: string; sourceAlias: string },
): RowPlan {
  if (statement.kind === "delete") return planDelete(statement, of);
  return statement.kind === "update" ? planUpdate(statement, of) : planMerge(statement, { ...of, sourceAlias });
}

interface Counts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** How many rows come, change and go. Throws `lakehouse/merge-cardinality` for a row that is changed more than once. */
async function countsOf(
  { engine }: DmlPorts,
  { scratch, isDelete }: { readonly scratch: string; readonly isDelete: boolean },
): Promise<Counts> {
  const of = (does: number) => `count(*) FILTER (WHERE ${DOES} = ${does})`;
  const repeated = `SELECT count(*) FROM (SELECT 1 FROM ${scratch} WHERE ${FILE} IS NOT NULL GROUP BY ${FILE}, ${POSITION} HAVING count(*) > 1)`;
  const { rows } = await engine.query(
    `SELECT ${of(Does.insert)}, ${of(Does.update)}, ${of(Does.delete)}, (${isDelete ? "SELECT 0" : repeated}) FROM ${scratch}`,
  );
  const [inserted = 0, updated = 0, deleted = 0, twice = 0] = (rows[0] ?? []).map(Number);
  if (twice > 0)
    throw lakehouseErrors.create("lakehouse/merge-cardinality", {
      because: `${twice} ${twice === 1 ? "row" : "rows"} of the table would be changed more than once`,
    });
  return { inserted, updated, deleted };
}

function modeOf(kind: Kind, { metadata, name }: TargetTable): "copy-on-write" | "merge-on-read" {
  const property = `write.${kind}.mode`;
  const asked = metadata.properties[property] ?? "copy-on-write";
  if (asked === "copy-on-write" || asked === "merge-on-read") return asked;
  throw lakehouseErrors.create("lakehouse/unsupported-table", {
    because: `${name} has ${property} = ${asked}; it is copy-on-write or merge-on-read`,
    remedy: `Set it anew: alter table ${name} set tblproperties ('${property}' = 'merge-on-read').`,
  });
}

async function insert(
  ports: DmlPorts,
  table: TargetTable,
  run: Run & { readonly statement: Extract<DmlStatement, { kind: "insert" }> },
): Promise<RowsChanged | undefined> {
  const { statement } = run;
  const { schema, spec, order, metadata } = table;
  const named = statement.byName ? { ...statement, columns: await namesOf(ports, statement) } : statement;
  const select = await ports.expand(planInsert(named, schema));
  const { properties } = metadata;
  const fileSchema = await fileSchemaOf(ports, metadata, { schema, beside: () => liveFilesOf(ports.store, metadata) });
  const folder = dataFolder(ports, metadata);
  const data = await writeData(ports, { select, schema, fileSchema, spec, order, properties, folder });
  const counts = { inserted: data.added.reduce((sum, { file }) => sum + file.record_count, 0), updated: 0, deleted: 0 };
  if (counts.inserted === 0) return told(table, { statement, snapshotId: null, counts });
  const change = { operation: "append", added: data.added, removed: new Set<string>() } as const;
  return commit(ports, table, { ...run, files: { change, stored: data.stored, touched: [] }, counts });
}

async function namesOf(
  ports: DmlPorts,
  { ctes, query }: Extract<DmlStatement, { kind: "insert" }>,
): Promise<readonly string[]> {
  const prefix = ctes === undefined ? "" : `WITH ${ctes}\n `;
  const sql = await ports.expand(`${prefix}SELECT * FROM (\n${query}\n) AS given LIMIT 0`);
  return (await ports.engine.query(sql)).columns.map(({ name }) => name);
}

/** Every row goes: nothing is read but how many there are. */
async function deleteAll(ports: DmlPorts, table: TargetTable, run: Run): Promise<RowsChanged | undefined> {
  const scan = await scanOf(ports, table.metadata);
  const { rows } = await ports.engine.query(`SELECT count(*) FROM (${scan})`);
  const counts = { inserted: 0, updated: 0, deleted: Number(rows[0]?.[0] ?? 0) };
  if (counts.deleted === 0) return told(table, { ...run, snapshotId: null, counts });
  const files: FileChange = {
    change: { operation: "delete", added: [], removed: "all" },
    stored: NOTHING_WRITTEN.stored,
    touched: "all",
  };
  return commit(ports, table, { ...run, files, counts });
}

/** Undefined when the statement must be run anew upon what others have made of the table. */
async function commit(
  ports: DmlPorts,
  table: TargetTable,
  given: Run & { readonly files: FileChange; readonly counts: Counts; readonly mode?: string },
): Promise<RowsChanged | undefined> {
  const { statement, retries, files, counts } = given;
  const { tries } = retries;
  let base = table;
  for (let attempt = 0; attempt <= tries; attempt += 1) {
    const snapshot = await commitChange(ports, base, files);
    if (snapshot !== undefined) return told(table, { statement, snapshotId: String(snapshot["snapshot-id"]), counts });
    await pause(retries, attempt);
    base = await loadTarget(ports, statement.target.parts);
    refuseUnwritable(base);
    const isolation = isolationOf(statement.kind, table.metadata.properties);
    if (await conflictsSince(ports, { read: table, now: base, files, isolation, kind: statement.kind })) break;
  }
  for (const { path } of await files.stored()) await ports.store.remove(path);
  return undefined;
}

function told(
  { name, key }: TargetTable,
  { statement, snapshotId, counts }: { statement: DmlStatement; snapshotId: string | null; counts: Counts },
): RowsChanged {
  return { table: name, key, statement: statement.kind, snapshotId, ...counts };
}
