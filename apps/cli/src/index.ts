export { commonOptions, usage } from "@millwright/platform/command-line";
export { allCommands } from "./command-modules.ts";
export { errorFamilies } from "./error-families.ts";
export { problemSchema, schemaOf } from "./schema-command.ts";
