import { systemIds } from "@millwright/kernel";
import { snapshotIdOf } from "../commit/produce-snapshot.ts";
import { evolveSchema, withSnapshot } from "../domain/iceberg/metadata.ts";
import { printMetadata } from "../domain/iceberg/print-metadata.ts";
import { parseMetadata } from "../domain/iceberg/read-metadata.ts";
import type { CatalogEntry, ObjectStore, TableCatalog } from "../ports.ts";
import { tableEntry } from "../rest/commit-tables.ts";

interface Places {
  readonly store: ObjectStore;
  readonly catalog: Pick<TableCatalog, "placeFor">;
}

/**
 * Versions of tables for the suite of a catalog that writes metadata of its own: one more snapshot each, of so many rows,
 * with the metadata file that a commit writes. Its manifests are nowhere: no catalog reads them.
 */
export function createTableVersions({ store, catalog }: Places) {
  return async (name: string, version: number, base?: CatalogEntry): Promise<CatalogEntry> => {
    const at = base?.metadataLocation ?? undefined;
    const previous = at === undefined ? undefined : parseMetadata(await store.read(at));
    const location = previous?.location ?? (await catalog.placeFor?.(name)) ?? "";
    const snapshotId = snapshotIdOf(systemIds());
    const parent = previous?.["current-snapshot-id"] ?? undefined;
    const metadata = withSnapshot({
      previous,
      previousLocation: at,
      tableUuid: systemIds(),
      location,
      change: evolveSchema(previous, [
        { name: "id", type: "long" },
        { name: 'odd "name"', type: "string", doc: "ä 😀" },
      ]),
      snapshot: {
        "snapshot-id": snapshotId,
        ...(parent === undefined ? {} : { "parent-snapshot-id": parent }),
        "sequence-number": (previous?.["last-sequence-number"] ?? 0) + 1,
        "timestamp-ms": Math.max(Date.now(), previous?.["last-updated-ms"] ?? 0),
        "manifest-list": `${location}/metadata/snap-${snapshotId}.avro`,
        summary: {
          operation: "append",
          "total-records": String(version),
          "total-files-size": String(2 ** 40),
          "total-data-files": "3",
        },
        "schema-id": 0,
      },
      properties: { a: "1" },
    });
    const metadataLocation = `${location}/metadata/${systemIds()}.metadata.json`;
    await store.write(store.pathOf(metadataLocation), printMetadata(metadata));
    return tableEntry(name, { metadataLocation, metadata });
  };
}
