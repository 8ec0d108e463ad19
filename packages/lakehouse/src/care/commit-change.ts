import type { Identifier } from "../domain/iceberg/identifiers.ts";
import { currentSchema, type IcebergMetadata, type IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import { addSnapshot, setRef } from "../domain/iceberg/table-draft.ts";
import { lakehouseErrors } from "../errors.ts";
import type { StoredFile } from "../ports.ts";
import { metadataFolderOf, type CatalogWorld } from "../rest/world.ts";
import { openMetadataFolder } from "../commit/manifest-writer.ts";
import { produceSnapshot, snapshotIdOf, type ManifestArrangement } from "../commit/produce-snapshot.ts";
import type { SnapshotChange } from "../commit/snapshot-change.ts";
import { changeTableWithFiles } from "./change-table.ts";

/** What a plan makes of a table as it is now. */
interface PlannedChange {
  readonly change: SnapshotChange;
  /** How manifests are arranged, where it is they that the change is about. */
  readonly arrangement?: ManifestArrangement;
  /** Data and delete files that were written for it. */
  readonly files?: readonly StoredFile[];
}

/** A table as a plan finds it, and the snapshot that its change is to follow upon. */
export interface PlanBase {
  readonly metadata: IcebergMetadata;
  readonly parent: IcebergSnapshot | undefined;
}

/**
 * Commits one snapshot on main. The plan is asked again whenever another writer was faster, and says what its change is to
 * the table as it then is; undefined for nothing. Throws what the plan throws, and `lakehouse/commit-conflict`.
 */
export async function commitChange(
  world: CatalogWorld,
  identifier: Identifier,
  plan: (base: PlanBase) => Promise<PlannedChange | undefined>,
): Promise<IcebergSnapshot | undefined> {
  const snapshotId = snapshotIdOf(world.ids());
  return changeTableWithFiles(world, identifier, async ({ metadata }, draft) => {
    refuseOtherFormat(metadata);
    const parent = metadata.snapshots.find((one) => one["snapshot-id"] === metadata["current-snapshot-id"]);
    const planned = await plan({ metadata, parent });
    if (planned === undefined) return { result: undefined, files: [] };
    const { store, ids, clock } = world;
    const folder = openMetadataFolder({ store, ids, folder: metadataFolderOf(world, metadata) });
    const schema = currentSchema(metadata);
    if (schema === undefined) throw new Error("the table has no current schema");
    const frame = {
      table: identifier.name,
      schema,
      schemas: metadata.schemas,
      specs: metadata["partition-specs"],
      properties: metadata.properties,
      snapshotId,
      sequenceNumber: metadata["last-sequence-number"] + 1,
    };
    const { change, arrangement, files: data = [] } = planned;
    const snapshot = await produceSnapshot(
      { store, clock, folder },
      { base: metadata, parent, frame, change, arrangement },
    );
    addSnapshot(draft, snapshot);
    setRef(draft, "main", { ...metadata.refs["main"], type: "branch", "snapshot-id": snapshotId });
    draft.isChanged = true;
    return { result: snapshot, files: await folder.settle(), data };
  });
}

/** Manifests are written as the second version of the format has them. */
function refuseOtherFormat(metadata: IcebergMetadata): void {
  const version = metadata["format-version"];
  if (version === 2) return;
  throw lakehouseErrors.create("lakehouse/format-not-written", {
    because: `the table is of version ${version} of the format, and version 2 is what is written here`,
  });
}
