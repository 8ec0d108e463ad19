import { DatabaseSync } from "node:sqlite";
import { writePoint } from "@millwright/kernel";
import { breakSeal, setSeal } from "@millwright/platform";
import type { OnlineRow, OnlineStore, OnlineView } from "../ports.ts";

const CACHE_ROWS_MAX = 200_000;

/**
 * The embedded online store: one SQLite file that control writes and serving reads, with the rows read kept in memory.
 * Throws `platform/damaged-database` when it is opened to be written and is not as it was left.
 */
export function openSqliteOnlineStore({
  path,
  readOnly = false,
}: {
  readonly path: string;
  readonly readOnly?: boolean;
}): OnlineStore {
  if (!readOnly) breakSeal(path);
  const sqlite = new DatabaseSync(path, { readOnly, timeout: 10_000 });
  if (!readOnly) prepare(sqlite);
  // A reader may meet a store that no writer of this version has opened yet.
  const texts = columnsOf(sqlite, "online_row").includes("texts") ? "texts" : "null as texts";
  const rowQuery = sqlite.prepare(
    `select event_time, features, ${texts} from online_row where view = ? and entity_key = ?`,
  );
  const viewQuery = sqlite.prepare("select features from online_view where name = ?");
  const stateQuery = sqlite.prepare(
    "select count(*) as entities, max(event_time) as newest from online_row where view = ?",
  );
  const versionQuery = sqlite.prepare("pragma data_version");
  const begin = sqlite.prepare("begin");
  const commit = sqlite.prepare("commit");
  const rows = new Map<string, Map<string, OnlineRow | undefined>>();
  const views = new Map<string, readonly string[] | undefined>();
  let cached = 0;
  let version: unknown;
  const forgetRows = () => {
    rows.clear();
    cached = 0;
  };
  const forget = () => {
    forgetRows();
    views.clear();
  };
  let held: NodeJS.Immediate | undefined;
  const release = () => {
    if (held === undefined) return;
    clearImmediate(held);
    held = undefined;
    commit.run();
  };
  /** Until the loop turns, all reads are of one state; its first read fixes it. Many requests of a turn share this. */
  const hold = () => {
    if (held !== undefined) return;
    begin.run();
    held = setImmediate(release);
    const current = versionQuery.get()?.["data_version"];
    if (current !== version) forget();
    version = current;
  };
  return {
    capabilities: { sharedBetweenProcesses: true },
    replaceView: (view, fresh) => {
      release();
      replaceView(sqlite, view, fresh);
      forget();
      return Promise.resolve();
    },
    mergeRows: (view, fresh, options) => {
      release();
      const taken = mergeRows(sqlite, view, { rows: fresh, ...options });
      forget();
      return Promise.resolve(taken);
    },
    state: (view) => {
      const found = stateQuery.get(view);
      const newest = found?.["newest"] ?? null;
      return { entities: Number(found?.["entities"] ?? 0), newestMs: newest === null ? null : Number(newest) };
    },
    get: (view, key) => {
      const ofView = rows.get(view);
      const known = ofView?.get(key);
      if (known !== undefined || ofView?.has(key) === true) return known;
      if (cached >= CACHE_ROWS_MAX) forgetRows();
      const found = rowQuery.get(view, key);
      const row = found === undefined ? undefined : decode(key, found);
      rows.set(view, (rows.get(view) ?? new Map<string, OnlineRow | undefined>()).set(key, row));
      cached += 1;
      return row;
    },
    featuresOf: (view) => {
      if (!views.has(view)) {
        const found = viewQuery.get(view);
        views.set(view, found === undefined ? undefined : (JSON.parse(String(found["features"])) as readonly string[]));
      }
      return views.get(view);
    },
    snapshot: (read) => {
      hold();
      return read();
    },
    close: () => {
      release();
      sqlite.close();
      if (!readOnly) setSeal(path);
    },
  };
}

function prepare(sqlite: DatabaseSync): void {
  sqlite.exec(
    "pragma journal_mode = wal; pragma synchronous = full;" +
      "create table if not exists online_view (name text primary key, features text not null);" +
      "create table if not exists online_row (view text not null, entity_key text not null, event_time integer not null, features blob not null, pushed integer not null default 0, primary key (view, entity_key)) without rowid;",
  );
  const columns = columnsOf(sqlite, "online_row");
  if (!columns.includes("pushed")) sqlite.exec("alter table online_row add column pushed integer not null default 0");
  if (!columns.includes("texts")) sqlite.exec("alter table online_row add column texts text");
}

function columnsOf(sqlite: DatabaseSync, table: string): readonly string[] {
  return sqlite
    .prepare("select name from pragma_table_info(?)")
    .all(table)
    .map(({ name }) => String(name));
}

function replaceView(sqlite: DatabaseSync, view: OnlineView, rows: readonly OnlineRow[]): void {
  inTransaction(sqlite, () => {
    keepView(sqlite, view);
    sqlite.prepare("delete from online_row where view = ? and pushed = 0").run(view.view);
    putRows(sqlite, view, { rows, pushed: false });
    writePoint("feature-store/materialise/before-commit");
  });
  writePoint("feature-store/materialise/after-commit");
}

interface Merge {
  readonly rows: readonly OnlineRow[];
  readonly pushed: boolean;
}

function mergeRows(sqlite: DatabaseSync, view: OnlineView, merge: Merge): number {
  return inTransaction(sqlite, () => {
    keepView(sqlite, view);
    return putRows(sqlite, view, merge);
  });
}

/** Rows in another order of features than the view's would be read wrongly: they go. */
function keepView(sqlite: DatabaseSync, { view, features }: OnlineView): void {
  const text = JSON.stringify(features);
  const before = sqlite.prepare("select features from online_view where name = ?").get(view);
  if (before?.["features"] === text) return;
  sqlite.prepare("delete from online_row where view = ?").run(view);
  sqlite.prepare("insert or replace into online_view (name, features) values (?, ?)").run(view, text);
}

/** Of two rows of one key the newer stays, and the one that came later of two that are as new. */
function putRows(sqlite: DatabaseSync, { view }: OnlineView, { rows, pushed }: Merge): number {
  const put = sqlite.prepare(
    "insert into online_row (view, entity_key, event_time, features, pushed, texts) values (?, ?, ?, ?, ?, ?) " +
      "on conflict (view, entity_key) do update set event_time = excluded.event_time, features = excluded.features, " +
      "pushed = excluded.pushed, texts = excluded.texts where excluded.event_time >= online_row.event_time",
  );
  let taken = 0;
  for (const { key, eventTimeMs, values, texts } of rows) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const told = texts === undefined ? null : JSON.stringify(texts);
    taken += Number(put.run(view, key, eventTimeMs, bytes, pushed ? 1 : 0, told).changes);
  }
  return taken;
}

function inTransaction<Result>(sqlite: DatabaseSync, work: () => Result): Result {
  sqlite.exec("begin immediate");
  try {
    const result = work();
    sqlite.exec("commit");
    return result;
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec("rollback");
    throw error;
  }
}

function decode(key: string, found: Record<string, unknown>): OnlineRow {
  const bytes = found["features"] as Uint8Array;
  const values = new Float64Array(bytes.byteLength / 8);
  new Uint8Array(values.buffer).set(bytes);
  const { texts } = found;
  const told = typeof texts === "string" ? { texts: JSON.parse(texts) as Readonly<Record<string, string>> } : {};
  return { key, eventTimeMs: Number(found["event_time"]), values, ...told };
}
