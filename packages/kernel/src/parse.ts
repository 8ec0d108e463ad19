import type { Static, TSchema } from "typebox";
import { kernelErrors, type ErrorPlace } from "./errors.ts";
import { faultsOf, matches } from "./schema-check.ts";

/** Checks a value against a TypeBox schema once, at the edge. Throws `kernel/invalid` naming each wrong field. */
export function parse<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  { what, where }: { readonly what: string; readonly where?: ErrorPlace },
): Static<Schema> {
  if (matches(schema, value)) return value;
  const errors = faultsOf(schema, value)
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
