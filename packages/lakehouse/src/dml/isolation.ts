import { ancestorsOf } from "../care/expire.ts";
import type { DmlStatement } from "../domain/dml/statement.ts";
import { currentSnapshot } from "../domain/iceberg/metadata.ts";
import { isDeletedBy } from "../domain/iceberg/deletes-of.ts";
import type { LiveFile } from "../domain/iceberg/scan.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import { liveFilesOf } from "../table-files.ts";
import type { FileChange } from "./change-rows.ts";
import type { TargetTable } from "./target-table.ts";

export type Kind = DmlStatement["kind"];

/** `serializable`: as if one statement had run after the other. `snapshot`: rows that others added meanwhile are not seen. */
export function isolationOf(kind: Kind, properties: Readonly<Record<string, string>>): "serializable" | "snapshot" {
  return properties[`write.${kind}.isolation-level`] === "snapshot" ? "snapshot" : "serializable";
}

interface Meanwhile {
  readonly read: TargetTable;
  readonly now: TargetTable;
  readonly files: FileChange;
  readonly isolation: "serializable" | "snapshot";
  readonly kind: Kind;
}

/**
 * Whether what others have written since a statement read the table keeps it from being laid upon that as it is: by the rules
 * of the reference's writers. Rows added by others are a conflict for `serializable` alone; files of which rows go must be
 * there still, and no new deletes may be of them.
 */
export async function conflictsSince(
  { store }: Pick<LakehousePorts, "store">,
  { read, now, files, isolation, kind }: Meanwhile,
): Promise<boolean> {
  if (!isSameShape(read, now)) return true;
  if (kind === "insert") return false;
  if (!followsUpon(now, read)) return true;
  const [before, after] = await Promise.all([
    liveFilesOf(store, read.metadata, currentSnapshot(read.metadata)),
    liveFilesOf(store, now.metadata, currentSnapshot(now.metadata)),
  ]);
  const had = new Set(before.map(({ file }) => file.file_path));
  const has = new Set(after.map(({ file }) => file.file_path));
  const fresh = after.filter(({ file }) => !had.has(file.file_path));
  if (isolation === "serializable" && fresh.some(({ file }) => file.content === 0)) return true;
  if (files.touched === "all") return fresh.length > 0 || before.some(({ file }) => !has.has(file.file_path));
  const { touched } = files;
  return touched.some(({ file }) => !has.has(file.file_path)) || deletesOf(now, { fresh, touched });
}

/** Not so when main was rolled back meanwhile: then deletes that were applied may be gone. */
function followsUpon({ metadata }: TargetTable, { metadata: read }: TargetTable): boolean {
  const was = currentSnapshot(read)?.["snapshot-id"];
  const byId = new Map(metadata.snapshots.map((one) => [one["snapshot-id"], one]));
  const line = ancestorsOf(byId, currentSnapshot(metadata)?.["snapshot-id"]);
  return was === undefined || [...line].some((one) => one["snapshot-id"] === was);
}

function deletesOf(
  { metadata }: TargetTable,
  { fresh, touched }: { readonly fresh: readonly LiveFile[]; readonly touched: readonly LiveFile[] },
): boolean {
  const plain = metadata["partition-specs"].filter(({ fields }) => fields.length === 0);
  const unpartitioned = new Set(plain.map((spec) => spec["spec-id"]));
  const deletes = fresh.filter(({ file }) => file.content !== 0);
  return touched.some((one) => deletes.some((two) => isDeletedBy(one, two, { unpartitioned })));
}

/** Rows were written under the columns, partitioning and order of then. */
function isSameShape({ metadata: one }: TargetTable, { metadata: other }: TargetTable): boolean {
  return (
    one["table-uuid"] === other["table-uuid"] &&
    one["current-schema-id"] === other["current-schema-id"] &&
    one["default-spec-id"] === other["default-spec-id"]
  );
}
