import { createHash } from "node:crypto";
import type { Clock } from "@millwright/kernel";
import { encodeManifestList, type ManifestFile } from "../domain/iceberg/manifest-list.ts";
import type { IcebergMetadata, IcebergSnapshot, SnapshotId } from "../domain/iceberg/metadata.ts";
import { keepManifests } from "../known-metadata.ts";
import type { ObjectStore } from "../ports.ts";
import { liveFilesOf, manifestsOf } from "../table-files.ts";
import type { MetadataFolder } from "./manifest-writer.ts";
import { manifestsOfChange, type ManifestsOfChange, type SnapshotFrame } from "./manifests-of-change.ts";
import type { SnapshotChange } from "./snapshot-change.ts";
import { hasTotals, summaryOf } from "./snapshot-summary.ts";

/** Which manifests a snapshot has, and which files it has no more. */
export type ManifestArrangement = (
  target: { readonly store: ObjectStore; readonly folder: MetadataFolder },
  told: { readonly before: readonly ManifestFile[]; readonly change: SnapshotChange; readonly frame: SnapshotFrame },
) => Promise<ManifestsOfChange>;

interface Production {
  /** The table as it is; undefined for its first snapshot. */
  readonly base: IcebergMetadata | undefined;
  /** What the new snapshot follows upon. */
  readonly parent: IcebergSnapshot | undefined;
  readonly frame: SnapshotFrame;
  readonly change: SnapshotChange;
  /** Default: those whose files all stay are kept, and small ones are merged. */
  readonly arrangement?: ManifestArrangement | undefined;
}

/** Writes the manifests and the manifest list of one more snapshot. It is durable once the folder has settled. */
export async function produceSnapshot(
  { store, clock, folder }: { readonly store: ObjectStore; readonly clock: Clock; readonly folder: MetadataFolder },
  { base, parent, frame, change, arrangement = manifestsOfChange }: Production,
): Promise<IcebergSnapshot> {
  const before = base === undefined ? [] : await manifestsOf(store, base, parent);
  const { manifests, removed, summary } = await arrangement({ store, folder }, { before, change, frame });
  const { snapshotId, sequenceNumber } = frame;
  const parentId = parent?.["snapshot-id"];
  const list = encodeManifestList(manifests, { snapshotId, parentId, sequenceNumber });
  const name = `snap-${snapshotId}-${folder.ids()}.avro`;
  const location = folder.put(name, list, "lakehouse/manifest-list/after-write");
  keepManifests(store, location, manifests);
  const counted =
    base === undefined || hasTotals(parent)
      ? undefined
      : (await liveFilesOf(store, base, parent)).map(({ file }) => file);
  return {
    "snapshot-id": snapshotId,
    ...(parentId === undefined ? {} : { "parent-snapshot-id": parentId }),
    "sequence-number": sequenceNumber,
    // Never before the one before it, whatever the clock did: time travel looks a snapshot up by its time.
    "timestamp-ms": Math.max(clock.nowMs(), base?.["last-updated-ms"] ?? 0),
    "manifest-list": location,
    summary: { ...summaryOf({ change, removed, parent, before: counted }), ...summary },
    "schema-id": frame.schema["schema-id"],
  };
}

/** 53 bits of an id's hash: positive, and exact in JSON and in JavaScript. */
export function snapshotIdOf(id: string): SnapshotId {
  return Number(createHash("sha256").update(id).digest().readBigUInt64BE() >> 11n);
}
