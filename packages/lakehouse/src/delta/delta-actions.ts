// The actions of a Delta table's log, as its protocol names their fields
// (https://github.com/delta-io/delta/blob/master/PROTOCOL.md#actions).

export interface AddFile {
  /** Relative to the table, or absolute; escaped as in a URI. */
  readonly path: string;
  /** By the physical name of the column. */
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  readonly stats?: string | null;
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly deletionVector?: object | null;
}

export interface RemoveFile {
  readonly path: string;
  readonly deletionTimestamp: number;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | null;
  readonly partitionValues?: Readonly<Record<string, string | null>> | null;
  readonly size?: number | null;
  readonly tags?: Readonly<Record<string, string>> | null;
}

export interface DeltaMetadata {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly format: { readonly provider: string; readonly options: Readonly<Record<string, string>> };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly createdTime?: number | null;
}

export interface DeltaProtocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | null;
  readonly writerFeatures?: readonly string[] | null;
}

export interface Transaction {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number | null;
}

/** One line of a commit, or one row of a checkpoint: one of them is there. */
export interface DeltaAction {
  readonly add?: AddFile | null;
  readonly remove?: RemoveFile | null;
  readonly metaData?: DeltaMetadata | null;
  readonly protocol?: DeltaProtocol | null;
  readonly txn?: Transaction | null;
  readonly commitInfo?: Readonly<Record<string, unknown>> | null;
}

/** The name of a commit's file, or of what else belongs to a version. */
export function versionName(version: number, suffix: string): string {
  return `${String(version).padStart(20, "0")}.${suffix}`;
}
