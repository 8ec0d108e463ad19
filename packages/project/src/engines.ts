import { parse, SECRET_REFERENCE, type SecretReference } from "@millwright/kernel";
import { Type } from "typebox";

/** A schema of a Postgres database, in place of an embedded engine. */
export interface PostgresEngine {
  readonly engine: "postgres";
  readonly url: SecretReference;
  /** The schema that is this project's own. Default: `mill_` and the project's name. */
  readonly schema?: string;
}

export const POSTGRES_ENGINE = Type.Object(
  {
    engine: Type.Literal("postgres"),
    url: SECRET_REFERENCE,
    schema: Type.Optional(Type.String({ pattern: "^(?!pg_)[a-z_][a-z0-9_]{0,62}$" })),
  },
  { additionalProperties: false },
);

/**
 * Postgres as an engine of the project. The URL (`postgresql://user:password@host:5432/database`) stays in the
 * environment; the file holds the variable's name. Throws `kernel/invalid` for a schema that is no lower-case name.
 *
 * @example
 * ```ts
 * export default defineProject({ name: "flights", engines: { metadata: postgres({ url: env("METADATA_URL") }) } });
 * ```
 */
export function postgres(options: Omit<PostgresEngine, "engine">): PostgresEngine {
  return parse(POSTGRES_ENGINE, { engine: "postgres", ...options }, { what: "postgres" }) as PostgresEngine;
}

const SCHEMA_LENGTH_MAX = 63;

/** The schema in which a project's state is kept, unless it names one. */
export function schemaOf({ schema }: PostgresEngine, projectName: string): string {
  return schema ?? `mill_${projectName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`.slice(0, SCHEMA_LENGTH_MAX);
}
