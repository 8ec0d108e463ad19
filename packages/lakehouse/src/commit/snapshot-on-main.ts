import type { Clock } from "@millwright/kernel";
import {
  currentSchema,
  currentSnapshot,
  type IcebergMetadata,
  type IcebergSnapshot,
  type SnapshotId,
} from "../domain/iceberg/metadata.ts";
import { addSnapshot, setRef, type TableDraft } from "../domain/iceberg/table-draft.ts";
import type { ObjectStore } from "../ports.ts";
import type { MetadataFolder } from "./manifest-writer.ts";
import { produceSnapshot, type ManifestArrangement } from "./produce-snapshot.ts";
import type { SnapshotChange } from "./snapshot-change.ts";

interface Target {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly folder: MetadataFolder;
}

interface Change {
  /** As people read it. */
  readonly table: string;
  readonly snapshotId: SnapshotId;
  readonly change: SnapshotChange;
  readonly arrangement?: ManifestArrangement | undefined;
}

/** Writes one more snapshot of a table that is there, upon what main has, under the table's own schema and layout. */
export function snapshotUpon(
  target: Target,
  base: IcebergMetadata,
  { table, snapshotId, change, arrangement }: Change,
): Promise<IcebergSnapshot> {
  const schema = currentSchema(base);
  if (schema === undefined) throw new Error("the table has no current schema");
  const frame = {
    table,
    schema,
    schemas: base.schemas,
    specs: base["partition-specs"],
    properties: base.properties,
    snapshotId,
    sequenceNumber: base["last-sequence-number"] + 1,
  };
  return produceSnapshot(target, { base, parent: currentSnapshot(base), frame, change, arrangement });
}

/** Main becomes the snapshot; what main's ref says besides stays. */
export function putOnMain(draft: TableDraft, snapshot: IcebergSnapshot): void {
  addSnapshot(draft, snapshot);
  const { main } = draft.metadata.refs;
  setRef(draft, "main", { ...main, type: "branch", "snapshot-id": snapshot["snapshot-id"] });
  draft.isChanged = true;
}
