import { commitTables } from "../rest/commit-tables.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { identifierNamed, snapshotNamed, tableNow, unknownSnapshot } from "./table-named.ts";

/** Makes main what it was at a snapshot, or at a tag or branch. Nothing is lost: the states since are still there. */
export async function rollBack(
  world: CatalogWorld,
  name: string,
  to: string,
): Promise<{ readonly snapshotId: string }> {
  const { identifier, metadata } = await tableNow(world, identifierNamed(name));
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
  const { identifier, metadata } = await tableNow(world, identifierNamed(name));
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
  const { identifier, metadata } = await tableNow(world, identifierNamed(name));
  const present = Object.hasOwn(metadata.refs, tag) ? metadata.refs[tag] : undefined;
  if (present?.type !== "tag") throw unknownSnapshot(name, tag);
  await commitTables(world, [
    {
      identifier,
      requirements: [{ type: "assert-ref-snapshot-id", ref: tag, "snapshot-id": present["snapshot-id"] }],
      updates: [{ action: "remove-snapshot-ref", "ref-name": tag }],
    },
  ]);
}
