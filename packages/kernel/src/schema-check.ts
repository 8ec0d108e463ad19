import { createRequire } from "node:module";
import type { Static, TSchema } from "typebox";

/** Where a value is not as its schema has it: a JSON pointer, "" for the whole, and what is wrong there. */
export interface SchemaFault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
}

/**
 * TypeBox's checker of JSON Schema is loaded when something is first checked. `typebox/value` and `typebox/compile` check by
 * the same one, and bring 450 files more for what is not asked of them here: 100 ms of processor time.
 */
const require = createRequire(import.meta.url);
const checker = () => require("typebox/schema") as typeof import("typebox/schema");

/** Whether a value is as its schema has it. */
export function matches<Schema extends TSchema>(schema: Schema, value: unknown): value is Static<Schema> {
  return checker().Check(schema, value);
}

/** All that is wrong with a value, in the order of the schema; nothing for one that matches. */
export function faultsOf(schema: TSchema, value: unknown): readonly SchemaFault[] {
  const [, faults] = checker().Errors(schema, value);
  return faults;
}

/** Loads the checker ahead, for a process that waits to check. */
export function loadChecker(): void {
  checker();
}
