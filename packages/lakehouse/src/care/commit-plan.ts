import type { Identifier } from "../domain/iceberg/identifiers.ts";
import { currentSnapshot, type IcebergMetadata, type IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import { NOTHING_WRITTEN, type Durable } from "../dml/write-data.ts";
import { metadataFolderOf, type CatalogWorld } from "../rest/world.ts";
import { openMetadataFolder } from "../commit/manifest-writer.ts";
import { snapshotIdOf, type ManifestArrangement } from "../commit/produce-snapshot.ts";
import type { SnapshotChange } from "../commit/snapshot-change.ts";
import { putOnMain, snapshotUpon } from "../commit/snapshot-on-main.ts";
import { changeTableWithFiles } from "./change-table.ts";

/** What a plan makes of a table as it is now. */
interface PlannedChange {
  readonly change: SnapshotChange;
  /** How manifests are arranged, where it is they that the change is about. */
  readonly arrangement?: ManifestArrangement;
  /** Data and delete files that were written for it. */
  readonly files?: Durable;
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
export async function commitPlan(
  world: CatalogWorld,
  identifier: Identifier,
  plan: (base: PlanBase) => Promise<PlannedChange | undefined>,
): Promise<IcebergSnapshot | undefined> {
  const snapshotId = snapshotIdOf(world.ids());
  return changeTableWithFiles(world, identifier, async ({ metadata }, draft) => {
    refuseOtherFormat(metadata);
    const planned = await plan({ metadata, parent: currentSnapshot(metadata) });
    if (planned === undefined) return { result: undefined, files: [] };
    const { store, ids, clock } = world;
    const folder = openMetadataFolder({ store, ids, folder: metadataFolderOf(world, metadata) });
    const { change, arrangement, files: written = NOTHING_WRITTEN.stored } = planned;
    const told = { table: identifier.name, snapshotId, change, arrangement };
    const snapshot = await snapshotUpon({ store, clock, folder }, metadata, told);
    putOnMain(draft, snapshot);
    const [files, data] = await Promise.all([folder.settle(), written()]);
    return { result: snapshot, files, data };
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
