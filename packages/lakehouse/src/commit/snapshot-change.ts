import type { DataFile } from "../domain/iceberg/data-file.ts";

/** A file that a snapshot adds. */
export interface AddedFile {
  readonly file: DataFile;
  /** The partition spec that its partition is of. */
  readonly specId: number;
  /** Of rows written anew that are as old as before: later deletes by value are still of them. Default: this snapshot's. */
  readonly sequenceNumber?: number;
}

/** What one snapshot does to a table's files. */
export interface SnapshotChange {
  readonly operation: "append" | "overwrite" | "delete" | "replace";
  /** Data and delete files. */
  readonly added: readonly AddedFile[];
  /** The locations of live files that go, data and deletes; `all` for every one there is. */
  readonly removed: ReadonlySet<string> | "all";
  /** More entries of the snapshot's summary. */
  readonly summary?: Readonly<Record<string, string>>;
}
