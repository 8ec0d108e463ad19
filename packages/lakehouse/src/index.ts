export {
  createLakehouse,
  type Lakehouse,
  type LakehousePorts,
  type SnapshotInfo,
  type TableState,
  type ViewRequest,
} from "./lakehouse.ts";
export type { WriteRequest } from "./commit.ts";
export { lakehouseErrors } from "./errors.ts";
export { checkName, quoteName, quoteText } from "./domain/names.ts";
export { textOf } from "./domain/text.ts";
export { duckdbType } from "./domain/types.ts";
export type {
  CatalogEntry,
  ColumnBatch,
  ColumnVector,
  FieldIds,
  ObjectStore,
  QueryOptions,
  QueryResult,
  SqlEngine,
  SqlStruct,
  SqlValue,
  TableCatalog,
  WrittenColumn,
  WrittenFile,
} from "./ports.ts";
import type { MigrationSet } from "@millwright/platform";
import { catalog } from "./migrations/0001-catalog.ts";

export const lakehouseMigrations: MigrationSet = { area: "lakehouse", migrations: [catalog] };
