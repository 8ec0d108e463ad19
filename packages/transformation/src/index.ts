export { openDbtProject, type OpenDbtOptions } from "./dbt/read-project.ts";
export { checkReferences, compileModel, type CompileOptions } from "./dbt/compile-model.ts";
export { explainSqlError, runModel, runTest, type ModelPorts, type ModelResult, type TestResult } from "./run-model.ts";
export type {
  DbtColumn,
  DbtModel,
  DbtProject,
  DbtTest,
  MacroFile,
  Materialization,
  ModelConfig,
} from "./dbt/project.ts";
export { runDbtCommand, type DbtCommandOptions } from "./engine/command.ts";
export type { Outcome as DbtOutcome } from "./engine/commands/session.ts";
export type { Target as DbtTarget } from "./engine/profile.ts";
export type { Warehouse, WarehouseTable } from "./engine/warehouse.ts";
export type { Message as DbtMessage } from "./engine/world.ts";
export { transformationErrors } from "./errors.ts";
