import { Type } from "./schema-builder.ts";
import { parse } from "./parse.ts";

/** A secret by the name of its environment variable: a project's files hold the name, never the value. */
export interface SecretReference {
  readonly env: string;
}

export const SECRET_REFERENCE = Type.Object(
  { env: Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }) },
  { additionalProperties: false },
);

/**
 * Names an environment variable whose value is read when it is needed, and is neither stored nor logged.
 * Throws `kernel/invalid` for what is no variable's name.
 *
 * @example
 * ```ts
 * postgres({ url: env("METADATA_URL") });
 * ```
 */
export function env(name: string): SecretReference {
  return parse(SECRET_REFERENCE, { env: name }, { what: "env" });
}
