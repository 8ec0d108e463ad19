export {
  createTracking,
  trackingMigrations,
  type ExperimentRun,
  type Metric,
  type ModelVersion,
  type NewVersion,
  type Tracking,
} from "./tracking.ts";
export { trackingErrors } from "./errors.ts";
