import { DatabaseSync } from "node:sqlite";
import { writePoint } from "@millwright/kernel";
import type { OnlineRow, OnlineStore, OnlineView } from "../ports.ts";

const CACHE_ROWS_MAX = 200_000;

/** The embedded online store: one SQLite file that control writes and serving reads, with the rows read kept in memory. */
export function openSqliteOnlineStore({
  path,
  readOnly = false,
}: {
  readonly path: string;
  readonly readOnly?: boolean;
}): OnlineStore {
  const sqlite = new DatabaseSync(path, { readOnly, timeout: 10_000 });
  if (!readOnly) prepare(sqlite);
  const rowQuery = sqlite.prepare("select event_time, features from online_row where view = ? and entity_key = ?");
  const viewQuery = sqlite.prepare("select features from online_view where name = ?");
  const versionQuery = sqlite.prepare("pragma data_version");
  const begin = sqlite.prepare("begin");
  const commit = sqlite.prepare("commit");
  const rows = new Map<string, OnlineRow | undefined>();
  const views = new Map<string, readonly string[] | undefined>();
  let version: unknown;
  const forget = () => {
    rows.clear();
    views.clear();
  };
  return {
    capabilities: { sharedBetweenProcesses: true },
    replaceView: (view, fresh) => {
      replaceView(sqlite, view, fresh);
      forget();
      return Promise.resolve();
    },
    get: (view, key) => {
      const id = `${view}\u001e${key}`;
      const known = rows.get(id);
      if (known !== undefined || rows.has(id)) return known;
      if (rows.size >= CACHE_ROWS_MAX) rows.clear();
      const found = rowQuery.get(view, key);
      const row = found === undefined ? undefined : decode(key, found);
      rows.set(id, row);
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
      begin.run();
      try {
        // The first read of the transaction fixes the state that the others see.
        const current = versionQuery.get()?.["data_version"];
        if (current !== version) forget();
        version = current;
        return read();
      } finally {
        commit.run();
      }
    },
    close: () => sqlite.close(),
  };
}

function prepare(sqlite: DatabaseSync): void {
  sqlite.exec(
    "pragma journal_mode = wal; pragma synchronous = full;" +
      "create table if not exists online_view (name text primary key, features text not null);" +
      "create table if not exists online_row (view text not null, entity_key text not null, event_time integer not null, features blob not null, primary key (view, entity_key)) without rowid;",
  );
}

function replaceView(sqlite: DatabaseSync, { view, features }: OnlineView, rows: readonly OnlineRow[]): void {
  sqlite.exec("begin immediate");
  try {
    sqlite.prepare("delete from online_row where view = ?").run(view);
    sqlite
      .prepare("insert or replace into online_view (name, features) values (?, ?)")
      .run(view, JSON.stringify(features));
    const insert = sqlite.prepare(
      "insert into online_row (view, entity_key, event_time, features) values (?, ?, ?, ?)",
    );
    for (const { key, eventTimeMs, values } of rows) {
      insert.run(view, key, eventTimeMs, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    writePoint("feature-store/materialise/before-commit");
    sqlite.exec("commit");
    writePoint("feature-store/materialise/after-commit");
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec("rollback");
    throw error;
  }
}

function decode(key: string, found: Record<string, unknown>): OnlineRow {
  const bytes = found["features"] as Uint8Array;
  const values = new Float64Array(bytes.byteLength / 8);
  new Uint8Array(values.buffer).set(bytes);
  return { key, eventTimeMs: Number(found["event_time"]), values };
}
