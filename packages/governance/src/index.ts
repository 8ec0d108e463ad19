export {
  createLineage,
  governanceErrors,
  governanceMigrations,
  type Lineage,
  type LineageEdge,
  type LineageGraph,
} from "./lineage.ts";
