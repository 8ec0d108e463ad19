export {
  createLineage,
  governanceErrors,
  governanceMigrations,
  type Lineage,
  type LineageEdge,
  type LineageGraph,
  type LineageQuestion,
} from "./lineage.ts";
export { allColumns, columnFacets, type ColumnLineage } from "./column-facet.ts";
export type { ColumnEdge, ColumnGraph, ColumnName } from "./column-graph.ts";
export { readColumns, type ReadColumns } from "./sql/read-columns.ts";
export { computed, indirect, ROWS, union, type Dependence } from "./sql/dependence.ts";
