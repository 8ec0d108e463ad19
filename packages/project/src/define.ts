// What the public package offers of this one, and what that needs: the files of a project load nothing else.

export { defineProject, type ProjectDefinition } from "./define-project.ts";
export {
  icebergCatalog,
  icebergRest,
  postgres,
  type IcebergCatalogEngine,
  type IcebergRestEngine,
  type PostgresEngine,
} from "./engines.ts";
export { projectErrors } from "./errors.ts";
export { TEST_VARIABLES } from "./testing/protocol.ts";
