export { defineProject, type ProjectDefinition, type ProjectOptions } from "./define-project.ts";
export {
  icebergCatalog,
  icebergRest,
  namespaceOf,
  postgres,
  schemaOf,
  type IcebergCatalogEngine,
  type IcebergRestEngine,
  type PostgresEngine,
} from "./engines.ts";
export type { ProjectPython } from "./python-options.ts";
export { findProject } from "./find-project.ts";
export {
  loadProject,
  reloadProject,
  type Defined,
  type LoadOptions,
  type Project,
  type ProjectHalves,
} from "./load-project.ts";
export { createStandingReader, type StandingReader } from "./definitions/read-definitions.ts";
export { checkProject, modelName } from "./check-references.ts";
export { compileRoad } from "./road/compile-road.ts";
export { createRolloutLabels, type RolloutLabelsReader } from "./road/rollout-labels.ts";
export type { RoadParts } from "./road/parts.ts";
export { initProject, type InitOptions, type InitResult } from "./init.ts";
export { initOwnData, type InitOwnDataOptions, type InitOwnDataResult } from "./own-data/init-own-data.ts";
export type { ToldColumn, ToldGuess, ToldGuesses } from "./own-data/guesses.ts";
export { renderTypes, type TypedService, type TypedSurface } from "./types/render-types.ts";
export { renderServiceTypes, type ServiceFile } from "./types/render-service.ts";
export {
  typesAreFresh,
  writeTypes,
  type DefinitionNames,
  type TypePaths,
  type WrittenTypes,
} from "./types/write-types.ts";
export { checkTypes, requireTypes, type TypeCheckOptions, type TypeProblem } from "./types/type-check.ts";
export { TEST_VARIABLES, type TestOutcome } from "./testing/protocol.ts";
export { runTestFiles, testFiles, type TestPlaces } from "./testing/run-tests.ts";
export { throwawayProject, type ThrowawayOptions } from "./testing/throwaway-project.ts";
export { projectErrors } from "./errors.ts";
