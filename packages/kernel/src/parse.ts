import { createRequire } from "node:module";
import type { Static, TSchema } from "typebox";
import { kernelErrors, type ErrorPlace } from "./errors.ts";

/** TypeBox's compiler is loaded when something is first checked: a process that only makes schemas does without its 600 files. */
const require = createRequire(import.meta.url);

/** Checks a value against a TypeBox schema once, at the edge. Throws `kernel/invalid` naming each wrong field. */
export function parse<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  { what, where }: { readonly what: string; readonly where?: ErrorPlace },
): Static<Schema> {
  const { Compile } = require("typebox/compile") as typeof import("typebox/compile");
  const validator = Compile(schema);
  if (validator.Check(value)) return value as Static<Schema>;
  const errors = validator
    .Errors(value)
    .filter(({ keyword }) => keyword !== "additionalProperties")
    .slice(0, 8);
  const problems = errors.map(
    ({ keyword, instancePath, message }) =>
      `${instancePath || "/"}: ${keyword === "boolean" ? "there is no such key" : message}`,
  );
  throw kernelErrors.create("kernel/invalid", {
    because: `${what}: ${problems.join("; ")}`,
    ...(where === undefined ? {} : { where }),
    details: { problems, fields: errors.map(({ instancePath }) => instancePath) },
  });
}
