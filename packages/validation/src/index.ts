export {
  defineChecks,
  type Check,
  type ChecksDefinition,
  type MeasureCheck,
  type RowCheck,
  type Threshold,
} from "./define-checks.ts";
export { runChecks, type CheckResult, type ChecksReport } from "./run-checks.ts";
export { createCheckHistory, validationMigrations, type CheckHistory, type CheckRecord } from "./check-history.ts";
export { validationErrors } from "./errors.ts";
