export {
  createLakehouse,
  type BytesOptions,
  type Lakehouse,
  type LakehousePorts,
  type SnapshotInfo,
  type TableState,
  type ViewRequest,
} from "./lakehouse.ts";
export type { QueryLimits } from "./domain/query-limits.ts";
export type { ParameterValue, SqlParameters, TypedParameter } from "./domain/sql-parameters.ts";
export { createRunningQueries } from "./sql/running-queries.ts";
export { commitWrite } from "./commit/commit-write.ts";
export { compactTable } from "./care/compact.ts";
export { expireSnapshots } from "./care/expire.ts";
export { CARE_DEFAULTS, type CareDefaults } from "./care/care-policy.ts";
export { careForTables, type CareLog } from "./care/caretaking.ts";
export type { WriteRequest } from "./commit/write-request.ts";
export { lakehouseErrors } from "./errors.ts";
export { icebergErrors } from "./iceberg-errors.ts";
export { openDelta, type DeltaPlace, type DeltaTable } from "./delta/delta-table.ts";
export { isMirrorFormat, MIRRORS_PROPERTY } from "./mirrors/mirrors.ts";
export { checkedStore } from "./checked-store.ts";
export { checkBranchName, checkName, quoteName, quoteText } from "./domain/names.ts";
export { textOf } from "./domain/text.ts";
export { duckdbType } from "./domain/types.ts";
export { verifyFiles, type FileFinding, type VerifiedFiles } from "./verify-files.ts";
export type {
  Branch,
  BranchChange,
  Branches,
  CatalogEntry,
  ColumnBatch,
  ColumnVector,
  FieldIds,
  IcebergEntries,
  Digest,
  EngineLimits,
  ObjectStore,
  QueryOptions,
  QueryResult,
  ResultFormat,
  ResultOptions,
  SqlEngine,
  SqlStruct,
  SqlValue,
  StoredFile,
  TableCatalog,
  TableScan,
  WrittenColumn,
  WrittenFile,
} from "./ports.ts";
import type { MigrationSet } from "@millwright/platform";
import { catalog } from "./migrations/0001-catalog.ts";
import { files } from "./migrations/0002-files.ts";
import { branches } from "./migrations/0003-branches.ts";
import { publications } from "./migrations/0004-publications.ts";
import { care } from "./migrations/0005-care.ts";

export const lakehouseMigrations: MigrationSet = {
  area: "lakehouse",
  migrations: [catalog, files, branches, publications, care],
};
