export {
  defineChecks,
  runChecks,
  type Check,
  type CheckResult,
  type ChecksDefinition,
  type ChecksReport,
} from "./checks.ts";
export { createCheckHistory, validationMigrations, type CheckHistory, type CheckRecord } from "./check-history.ts";
export { validationErrors } from "./errors.ts";
