import { EntryStatus } from "../domain/iceberg/manifest.ts";
import type { IcebergMetadata, IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import { setRef } from "../domain/iceberg/table-draft.ts";
import { lakehouseErrors } from "../errors.ts";
import type { AddedFile } from "../commit/snapshot-change.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { liveFilesOf, manifestsOf, readEntries } from "../table-files.ts";
import { changeTable } from "./change-table.ts";
import { commitPlan, type PlanBase } from "./commit-plan.ts";
import { ancestorsOf } from "./expire.ts";
import { identifierNamed, snapshotNamed, tableNow, unknownSnapshot } from "./table-named.ts";

/**
 * Puts what one snapshot added upon main as it now is: for what was staged, audited and is to be published, or was rolled
 * back with too much else. One that follows upon main itself becomes main. Throws `lakehouse/not-cherry-picked` for one
 * that does more than add, or is part of main already.
 */
export async function cherryPick(
  world: CatalogWorld,
  name: string,
  version: string,
): Promise<{ readonly snapshotId: string }> {
  const identifier = identifierNamed(name);
  const { metadata } = await tableNow(world, identifier);
  const picked = snapshotNamed(metadata, { name, version });
  const id = picked["snapshot-id"];
  if (picked["parent-snapshot-id"] === (metadata["current-snapshot-id"] ?? undefined))
    return fastForward(world, name, { branch: "main", to: String(id) });
  const snapshot = await commitPlan(world, identifier, async ({ metadata: now, parent }) => {
    refuseUnfit(now, picked);
    const added = await addedBy(world, now, picked);
    await refuseTwice(world, { metadata: now, parent }, { added, id: String(id) });
    return {
      change: {
        operation: "append",
        added,
        removed: new Set(),
        summary: { ...carried(picked), "source-snapshot-id": String(id) },
      },
    };
  });
  return { snapshotId: String(snapshot?.["snapshot-id"] ?? id) };
}

function refuseUnfit(metadata: IcebergMetadata, picked: IcebergSnapshot): void {
  const id = String(picked["snapshot-id"]);
  const refused = (because: string) => lakehouseErrors.create("lakehouse/not-cherry-picked", { because });
  if (picked.summary?.["operation"] !== "append")
    throw refused(`snapshot ${id} is of the operation ${picked.summary?.["operation"] ?? "that it does not tell"}`);
  const byId = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one]));
  for (const one of ancestorsOf(byId, metadata["current-snapshot-id"] ?? undefined)) {
    if (String(one["snapshot-id"]) === id) throw refused(`snapshot ${id} is part of main already`);
    if (one.summary?.["source-snapshot-id"] === id)
      throw refused(`snapshot ${id} was put upon main before, as ${one["snapshot-id"]}`);
    const wapId = picked.summary["wap.id"];
    if (wapId !== undefined && [one.summary?.["published-wap-id"], one.summary?.["wap.id"]].includes(wapId))
      throw refused(`what is staged as ${wapId} was published before, as ${one["snapshot-id"]}`);
  }
}

/** What was picked may be a pick itself, of what is part of main by another one: no file is put there twice. */
async function refuseTwice(
  { store }: CatalogWorld,
  { metadata, parent }: PlanBase,
  { added, id }: { readonly added: readonly AddedFile[]; readonly id: string },
): Promise<void> {
  const live = new Set((await liveFilesOf(store, metadata, parent)).map(({ file }) => file.file_path));
  if (added.some(({ file }) => live.has(file.file_path)))
    throw lakehouseErrors.create("lakehouse/not-cherry-picked", {
      because: `files that snapshot ${id} added are part of main already`,
    });
}

function carried({ summary }: IcebergSnapshot): Readonly<Record<string, string>> {
  const wapId = summary?.["wap.id"];
  return wapId === undefined ? {} : { "published-wap-id": wapId };
}

async function addedBy(
  { store }: CatalogWorld,
  metadata: IcebergMetadata,
  snapshot: IcebergSnapshot,
): Promise<readonly AddedFile[]> {
  const id = snapshot["snapshot-id"];
  const manifests = (await manifestsOf(store, metadata, snapshot)).filter((one) => one.added_snapshot_id === id);
  const added = await Promise.all(
    manifests.map(async (manifest) =>
      (await readEntries(store, manifest))
        .filter((entry) => entry.status === EntryStatus.added && entry.snapshot_id === id)
        .map((entry) => ({ file: entry.data_file, specId: manifest.partition_spec_id })),
    ),
  );
  return added.flat();
}

/** Moves a branch of the table to a later state of its own line. A branch that is not there is made. */
export async function fastForward(
  world: CatalogWorld,
  name: string,
  { branch, to }: { readonly branch: string; readonly to: string },
): Promise<{ readonly snapshotId: string }> {
  const id = await changeTable(world, identifierNamed(name), ({ metadata }, draft) => {
    const target = snapshotNamed(metadata, { name, version: to })["snapshot-id"];
    const present = Object.hasOwn(metadata.refs, branch) ? metadata.refs[branch] : undefined;
    if (present?.type === "tag") throw unknownSnapshot(name, branch);
    const byId = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one]));
    const line = [...ancestorsOf(byId, target)].map((one) => one["snapshot-id"]);
    if (present !== undefined && !line.includes(present["snapshot-id"]))
      throw lakehouseErrors.create("lakehouse/not-an-ancestor", {
        because: `${branch} of ${name} is at ${present["snapshot-id"]}, which ${target} does not follow upon`,
      });
    setRef(draft, branch, { ...present, type: "branch", "snapshot-id": target });
    draft.isChanged = present?.["snapshot-id"] !== target;
    return Promise.resolve(target);
  });
  return { snapshotId: String(id) };
}
