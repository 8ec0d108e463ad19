import { writePoint } from "@millwright/kernel";
import { openMetadataFolder } from "../commit/manifest-writer.ts";
import { deleteOldMetadata } from "../commit/old-metadata.ts";
import { snapshotIdOf } from "../commit/produce-snapshot.ts";
import type { SnapshotChange } from "../commit/snapshot-change.ts";
import { putOnMain, snapshotUpon } from "../commit/snapshot-on-main.ts";
import type { IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import { printMetadata } from "../domain/iceberg/print-metadata.ts";
import { draftOf, finished } from "../domain/iceberg/table-draft.ts";
import { keepMetadata } from "../known-metadata.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import { tableEntry } from "../rest/commit-tables.ts";
import { versionOf } from "../rest/world.ts";
import type { TargetTable } from "./target-table.ts";
import type { Durable } from "./write-data.ts";

/**
 * Lays one snapshot upon a table as it was read. All is durable before the pointer moves, by compare-and-swap; undefined when
 * another was faster: then nothing of this attempt is left but the data files.
 */
export async function commitChange(
  ports: LakehousePorts,
  table: TargetTable,
  { change, stored }: { readonly change: SnapshotChange; readonly stored: Durable },
): Promise<IcebergSnapshot | undefined> {
  const { store, ids, clock, catalog } = ports;
  const { metadata, metadataLocation } = table;
  const folder = openMetadataFolder({ store, ids, folder: store.pathOf(metadataLocation).replace(/\/[^/]*$/, "") });
  const told = { table: table.name, snapshotId: snapshotIdOf(ids()), change };
  const snapshot = await snapshotUpon({ store, clock, folder }, metadata, told);
  const draft = draftOf(metadata, clock.nowMs());
  putOnMain(draft, snapshot);
  const next = finished(draft, metadataLocation);
  const version = String(versionOf(metadataLocation) + 1).padStart(5, "0");
  const name = `${version}-${ids()}.metadata.json`;
  const location = folder.put(name, printMetadata(next), "lakehouse/metadata/after-write");
  const [files, data] = await Promise.all([folder.settle(), stored()]);
  writePoint("lakehouse/commit/before-pointer");
  const entry = tableEntry(table.key, { metadataLocation: location, metadata: next });
  const won = await catalog.swap(entry, metadataLocation, [...data, ...files]);
  writePoint("lakehouse/commit/after-pointer");
  if (won) {
    keepMetadata(store, location, next);
    await deleteOldMetadata(ports, { before: metadata, after: next, at: location });
    return snapshot;
  }
  for (const { path } of files) await store.remove(path);
  return undefined;
}
