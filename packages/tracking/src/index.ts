export {
  createTracking,
  trackingMigrations,
  type AliasMove,
  type ExperimentRun,
  type Metric,
  type ModelVersion,
  type NewVersion,
  type Tracking,
} from "./tracking.ts";
export { trackingErrors } from "./errors.ts";
export type { AliasChange } from "./alias-change.ts";
export { versionOf } from "./version-of.ts";
