import { FileContent, type DataFile } from "../domain/iceberg/data-file.ts";
import type { IcebergSnapshot } from "../domain/iceberg/metadata.ts";
import type { SnapshotChange } from "./snapshot-change.ts";

/** Counts of files and of what is in them (Iceberg specification, "Optional Snapshot Summary Fields"). */
interface Counts {
  readonly dataFiles: number;
  readonly records: number;
  readonly bytes: number;
  readonly deleteFiles: number;
  readonly positionDeletes: number;
  readonly equalityDeletes: number;
}

function countsOf(files: readonly DataFile[]): Counts {
  const of = (content: number) => files.filter((file) => file.content === content);
  const rows = (some: readonly DataFile[]) => some.reduce((sum, file) => sum + file.record_count, 0);
  const data = of(FileContent.data);
  return {
    dataFiles: data.length,
    records: rows(data),
    bytes: files.reduce((sum, file) => sum + file.file_size_in_bytes, 0),
    deleteFiles: files.length - data.length,
    positionDeletes: rows(of(FileContent.positionDeletes)),
    equalityDeletes: rows(of(FileContent.equalityDeletes)),
  };
}

const TOTALS: Readonly<Record<keyof Counts, string>> = {
  dataFiles: "total-data-files",
  records: "total-records",
  bytes: "total-files-size",
  deleteFiles: "total-delete-files",
  positionDeletes: "total-position-deletes",
  equalityDeletes: "total-equality-deletes",
};
const ADDED: Readonly<Record<keyof Counts, string>> = {
  dataFiles: "added-data-files",
  records: "added-records",
  bytes: "added-files-size",
  deleteFiles: "added-delete-files",
  positionDeletes: "added-position-deletes",
  equalityDeletes: "added-equality-deletes",
};
const REMOVED: Readonly<Record<keyof Counts, string>> = {
  dataFiles: "deleted-data-files",
  records: "deleted-records",
  bytes: "removed-files-size",
  deleteFiles: "removed-delete-files",
  positionDeletes: "removed-position-deletes",
  equalityDeletes: "removed-equality-deletes",
};
const FIELDS = Object.keys(TOTALS) as readonly (keyof Counts)[];
/** What is said of deletes only where there are some. */
const DELETES: ReadonlySet<keyof Counts> = new Set(["deleteFiles", "positionDeletes", "equalityDeletes"]);

/** Whether the totals of a snapshot follow from those of the one before it: others may leave them away. */
export function hasTotals(parent: IcebergSnapshot | undefined): boolean {
  return parent === undefined || FIELDS.every((field) => totalOf(parent, field) !== undefined);
}

function totalOf(snapshot: IcebergSnapshot, field: keyof Counts): number | undefined {
  const text = snapshot.summary?.[TOTALS[field]];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

interface Told {
  readonly change: SnapshotChange;
  readonly removed: readonly DataFile[];
  readonly parent: IcebergSnapshot | undefined;
  /** The live files before, where the parent does not say how many there are. */
  readonly before: readonly DataFile[] | undefined;
}

export function summaryOf({ change, removed, parent, before }: Told): Readonly<Record<string, string>> {
  const added = countsOf(change.added.map(({ file }) => file));
  const gone = countsOf(removed);
  const told = before === undefined ? undefined : countsOf(before);
  const entries = FIELDS.flatMap((field): [string, string][] => {
    const earlier = told?.[field] ?? (parent === undefined ? 0 : (totalOf(parent, field) ?? 0));
    const total: [string, string] = [TOTALS[field], String(Math.max(0, earlier + added[field] - gone[field]))];
    if (DELETES.has(field) && added[field] === 0 && gone[field] === 0) return [total];
    return [[ADDED[field], String(added[field])], [REMOVED[field], String(gone[field])], total];
  });
  return { operation: change.operation, ...Object.fromEntries(entries), ...change.summary };
}
