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
export { transformationErrors } from "./errors.ts";
