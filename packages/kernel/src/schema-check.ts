import { createRequire } from "node:module";
import type { Static, TSchema } from "typebox";

/** Where a value is not as its schema has it: a JSON pointer, "" for the whole, and what is wrong there. */
export interface SchemaFault {
  readonly instancePath: string;
  readonly message: string;
}

/** TypeBox's checker is loaded when something is first checked: a process that only makes schemas does without its 600 files. */
const require = createRequire(import.meta.url);
const checker = () => (require("typebox/value") as typeof import("typebox/value")).Value;

/** Whether a value is as its schema has it. What is checked often is better given to `parse`, which compiles the schema. */
export function matches<Schema extends TSchema>(schema: Schema, value: unknown): value is Static<Schema> {
  return checker().Check(schema, value);
}

/** All that is wrong with a value, in the order of the schema; nothing for one that matches. */
export function faultsOf(schema: TSchema, value: unknown): readonly SchemaFault[] {
  return checker().Errors(schema, value);
}
