export {
  defineChecks,
  runChecks,
  type Check,
  type CheckResult,
  type ChecksDefinition,
  type ChecksReport,
} from "./checks.ts";
