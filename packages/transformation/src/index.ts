export { openDbtProject, type OpenDbtOptions } from "./lake/open-project.ts";
export { asksDatabase, checkReferences, type CompileOptions } from "./lake/compile.ts";
export {
  describedSelect,
  explainSqlError,
  runModel,
  runTest,
  type ModelPorts,
  type ModelResult,
  type TestResult,
} from "./lake/run-model.ts";
export type { DbtColumn, DbtModel, DbtProject, DbtTest, Materialization, ModelConfig } from "./lake/lake-project.ts";
export { runDbtCommand, type DbtCommandOptions } from "./engine/command.ts";
export type { Outcome as DbtOutcome } from "./engine/commands/session.ts";
export type { Target as DbtTarget } from "./engine/profile.ts";
export type { Warehouse, WarehouseTable } from "./engine/warehouse.ts";
export type { Message as DbtMessage } from "./engine/world.ts";
export { transformationErrors } from "./errors.ts";
