export { defineProject, type ProjectDefinition } from "./define-project.ts";
export { projectErrors } from "./errors.ts";
