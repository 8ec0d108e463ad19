import { checkIdentifier, type Identifier } from "./domain/iceberg/identifiers.ts";
import {
  snapshotAsOf,
  type IcebergMetadata,
  type IcebergSnapshot,
  type SnapshotId,
} from "./domain/iceberg/metadata.ts";
import { lakehouseErrors } from "./errors.ts";
import { commitTables } from "./rest/commit-tables.ts";
import { locateTable } from "./rest/tables.ts";
import type { CatalogWorld } from "./rest/world.ts";
import { manifestsOf, readManifest, readMetadata } from "./table-files.ts";

/** What was, or would be, taken away by an expiry. */
export interface Expired {
  readonly snapshotIds: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly isDryRun: boolean;
}

/** A table by the name that people read: `orders`, `lab.daily.orders`. */
export function identifierNamed(name: string): Identifier {
  const parts = name.split(".");
  return { namespace: parts.length === 1 ? ["main"] : parts.slice(0, -1), name: parts.at(-1) ?? "" };
}

/** Makes main what it was at a snapshot, or at a tag or branch. Nothing is lost: the states since are still there. */
export async function rollBack(
  world: CatalogWorld,
  name: string,
  to: string,
): Promise<{ readonly snapshotId: string }> {
  const { identifier, metadata } = await loaded(world, name);
  const id = snapshotNamed(metadata, { name, version: to })["snapshot-id"];
  await commitTables(world, [
    {
      identifier,
      requirements: [
        { type: "assert-ref-snapshot-id", ref: "main", "snapshot-id": metadata["current-snapshot-id"] ?? null },
      ],
      updates: [{ action: "set-snapshot-ref", "ref-name": "main", type: "branch", "snapshot-id": id }],
    },
  ]);
  return { snapshotId: String(id) };
}

/** Gives a snapshot a name, by which it is asked for and which keeps it from being expired. Default: the current one. */
export async function tagSnapshot(
  world: CatalogWorld,
  name: string,
  { tag, version = "main" }: { readonly tag: string; readonly version?: string | undefined },
): Promise<{ readonly snapshotId: string }> {
  const { identifier, metadata } = await loaded(world, name);
  const id = snapshotNamed(metadata, { name, version })["snapshot-id"];
  await commitTables(world, [
    {
      identifier,
      requirements: [{ type: "assert-ref-snapshot-id", ref: tag, "snapshot-id": null }],
      updates: [{ action: "set-snapshot-ref", "ref-name": tag, type: "tag", "snapshot-id": id }],
    },
  ]);
  return { snapshotId: String(id) };
}

/** Takes a tag away; the snapshot stays until it is expired. */
export async function dropTag(world: CatalogWorld, name: string, tag: string): Promise<void> {
  const { identifier, metadata } = await loaded(world, name);
  const present = Object.hasOwn(metadata.refs, tag) ? metadata.refs[tag] : undefined;
  if (present?.type !== "tag") throw unknown(name, tag);
  await commitTables(world, [
    {
      identifier,
      requirements: [{ type: "assert-ref-snapshot-id", ref: tag, "snapshot-id": present["snapshot-id"] }],
      updates: [{ action: "remove-snapshot-ref", "ref-name": tag }],
    },
  ]);
}

export interface ExpiryOptions {
  /** Snapshots from before this go. */
  readonly beforeMs: number;
  /** So many of each branch stay, however old. */
  readonly keep: number;
  readonly isDryRun: boolean;
}

/**
 * Forgets old snapshots, then deletes the files that nothing leads to any more: every branch of the project, tag and other
 * table counts. The pointer moves first, so that what dies half way leaves files too many, never too few.
 */
export async function expireSnapshots(world: CatalogWorld, name: string, options: ExpiryOptions): Promise<Expired> {
  const { identifier, location, metadata } = await loaded(world, name);
  const gone = expiredOf(metadata, options);
  const after = { ...metadata, snapshots: metadata.snapshots.filter((one) => !gone.includes(one)) };
  if (gone.length > 0 && !options.isDryRun)
    await commitTables(world, [
      {
        identifier,
        requirements: [
          { type: "assert-table-uuid", uuid: metadata["table-uuid"] },
          { type: "assert-ref-snapshot-id", ref: "main", "snapshot-id": metadata["current-snapshot-id"] ?? null },
        ],
        updates: [{ action: "remove-snapshots", "snapshot-ids": gone.map((one) => one["snapshot-id"]) }],
      },
    ]);
  const files = await lostFiles(world, { location, metadata, gone, after, isDryRun: options.isDryRun });
  if (!options.isDryRun) await deleteFiles(world, [...files.keys()]);
  return {
    snapshotIds: gone.map((one) => String(one["snapshot-id"])),
    files: files.size,
    bytes: [...files.values()].reduce((sum, bytes) => sum + bytes, 0),
    isDryRun: options.isDryRun,
  };
}

function expiredOf(metadata: IcebergMetadata, { beforeMs, keep }: ExpiryOptions): readonly IcebergSnapshot[] {
  const byId = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one]));
  const kept = new Set<SnapshotId>();
  for (const ref of Object.values(metadata.refs)) {
    let one = byId.get(ref["snapshot-id"]);
    for (let left = ref.type === "tag" ? 1 : Math.max(1, keep); left > 0 && one !== undefined; left -= 1) {
      kept.add(one["snapshot-id"]);
      const parent = one["parent-snapshot-id"];
      one = parent === undefined ? undefined : byId.get(parent);
    }
  }
  return metadata.snapshots.filter((one) => one["timestamp-ms"] < beforeMs && !kept.has(one["snapshot-id"]));
}

/** The files that expired snapshots alone lead to, with their bytes, by their path in the store. */
async function lostFiles(
  world: CatalogWorld,
  told: {
    readonly location: string;
    readonly metadata: IcebergMetadata;
    readonly gone: readonly IcebergSnapshot[];
    readonly after: IcebergMetadata;
    readonly isDryRun: boolean;
  },
): Promise<ReadonlyMap<string, number>> {
  const { location, metadata, gone, after, isDryRun } = told;
  const lost = await filesOf(world, metadata, gone);
  for (const path of (await filesOf(world, after, after.snapshots)).keys()) lost.delete(path);
  if (lost.size === 0) return lost;
  const roots = [...(await world.entries.metadataLocations())];
  // In a dry run the pointer has not moved: this table, once, is what it would be.
  if (isDryRun) roots.splice(roots.indexOf(location), 1);
  for (const root of roots) {
    const other = await readMetadata(world.store, root);
    for (const path of (await filesOf(world, other, other.snapshots)).keys()) lost.delete(path);
  }
  return lost;
}

async function filesOf(
  { store }: CatalogWorld,
  metadata: IcebergMetadata,
  snapshots: readonly IcebergSnapshot[],
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const seen = new Set<string>();
  for (const snapshot of snapshots) {
    found.set(store.pathOf(snapshot["manifest-list"]), 0);
    for (const manifest of await manifestsOf(store, metadata, snapshot)) {
      if (seen.has(manifest.manifest_path)) continue;
      seen.add(manifest.manifest_path);
      found.set(store.pathOf(manifest.manifest_path), Number(manifest.manifest_length));
      for (const { file } of await readManifest(store, manifest))
        found.set(store.pathOf(file.file_path), file.file_size_in_bytes);
    }
  }
  return found;
}

async function deleteFiles({ store, entries }: CatalogWorld, paths: readonly string[]): Promise<void> {
  await entries.forgetFiles(paths);
  for (const path of paths) await store.remove(path);
}

async function loaded(world: CatalogWorld, name: string) {
  const identifier = checkIdentifier(identifierNamed(name));
  const location = await locateTable(world, identifier);
  return { identifier, location, metadata: await readMetadata(world.store, location) };
}

function snapshotNamed(
  metadata: IcebergMetadata,
  { name, version }: { readonly name: string; readonly version: string },
): IcebergSnapshot {
  const snapshot = snapshotAsOf(metadata, { kind: "version", version });
  if (snapshot === undefined) throw unknown(name, version);
  return snapshot;
}

function unknown(name: string, version: string): Error {
  return lakehouseErrors.create("lakehouse/unknown-snapshot", {
    because: `${name} has no snapshot, tag or branch ${version.slice(0, 100)}`,
  });
}
