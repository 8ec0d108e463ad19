import { statSync } from "node:fs";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { expect } from "vitest";
import { filesOf } from "../../src/care/reachable-files.ts";
import { currentSnapshot, type IcebergMetadata } from "../../src/domain/iceberg/metadata.ts";
import { verifyFiles } from "../../src/index.ts";
import type { Digest, ObjectStore, SqlEngine } from "../../src/ports.ts";
import { readMetadata, scanOf } from "../../src/table-files.ts";
import { openBareLake } from "./bare-lake.ts";
import type { Rows } from "./kill-lanes.ts";

/**
 * Looks at a lake again and again, each time opened anew: every file that the catalog tells of is as it was written, every
 * file that a snapshot leads to is one of these, and each table's rows are as its summary says. What has not been touched
 * since it was read is not read again.
 */
export class LakeWatch {
  readonly #folder: string;
  readonly #digests = new Map<string, { readonly stamp: string; readonly digest: Digest | undefined }>();
  readonly #snapshots = new Map<string, readonly string[]>();
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  static async open(folder: string): Promise<LakeWatch> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    return new LakeWatch(folder, instance, await instance.connect());
  }

  private constructor(folder: string, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#folder = folder;
    this.#instance = instance;
    this.#connection = connection;
  }

  /** The rows of each table, in order. */
  async look(): Promise<ReadonlyMap<string, Rows>> {
    const lake = await openBareLake(this.#folder);
    try {
      const store = { ...lake.store, digest: (path: string) => this.#digest(lake.store, path) };
      const { findings } = await verifyFiles({ store, catalog: lake.catalog }, () => undefined);
      // An expiry that died has forgotten files first and may not have deleted them: never the other way round.
      expect(findings).toEqual([]);
      const known = new Set((await lake.catalog.files()).map(({ path }) => path));
      const tables = new Map<string, Rows>();
      for (const { name, metadataLocation } of await lake.catalog.list()) {
        if (metadataLocation === null) continue;
        const metadata = await readMetadata(lake.store, metadataLocation);
        const led = await this.#ledTo(lake.store, metadata);
        expect(led.filter((path) => !known.has(path))).toEqual([]);
        tables.set(name, await this.#rows(lake.store, metadata));
      }
      return tables;
    } finally {
      await lake.close();
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #digest(store: ObjectStore, path: string): Promise<Digest | undefined> {
    const found = statSync(store.locate(path), { bigint: true, throwIfNoEntry: false });
    const stamp = found === undefined ? "" : `${found.ino} ${found.size} ${found.ctimeNs}`;
    const seen = this.#digests.get(path);
    if (seen?.stamp === stamp) return seen.digest;
    const digest = await store.digest(path);
    this.#digests.set(path, { stamp, digest });
    return digest;
  }

  async #ledTo(store: ObjectStore, metadata: IcebergMetadata): Promise<readonly string[]> {
    const all: string[] = [];
    for (const snapshot of metadata.snapshots) {
      const id = String(snapshot["snapshot-id"]);
      const paths = this.#snapshots.get(id) ?? [...(await filesOf({ store }, metadata, [snapshot])).keys()];
      this.#snapshots.set(id, paths);
      all.push(...paths);
    }
    return all;
  }

  async #rows(store: ObjectStore, metadata: IcebergMetadata): Promise<Rows> {
    const total = (field: string) => Number(currentSnapshot(metadata)?.summary?.[`total-${field}`] ?? 0);
    // Files that have the table's own columns are read without a question to the engine.
    const engine = { query: () => Promise.reject(new Error("no engine")) } as unknown as SqlEngine;
    const scan = await scanOf({ store, engine }, metadata);
    const hasIds = metadata.schemas.some(({ fields }) => fields.some(({ name }) => name === "id"));
    const columns = hasIds ? "id, v" : "k AS id, 0 AS v";
    const read = await this.#connection.runAndReadAll(`SELECT ${columns} FROM (${scan}) ORDER BY ALL`);
    const rows = read.getRows().map(([id, v]) => [Number(id), Number(v)] as const);
    expect(rows).toHaveLength(total("records") - total("position-deletes"));
    return rows;
  }
}
