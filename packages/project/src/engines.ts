import { parse, SECRET_REFERENCE, type SecretReference, Type } from "@millwright/kernel";

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

/** The Iceberg REST catalog of `mill up`: who may ask it, and where else tables may lie. */
export interface IcebergCatalogEngine {
  readonly engine: "iceberg-catalog";
  /** Secrets by client id. With none, whoever reaches the catalog on this machine may use it. */
  readonly clients?: Readonly<Record<string, SecretReference>>;
  /** Absolute folders beside the warehouse in which clients may put tables and views. */
  readonly locations?: readonly string[];
}

export const ICEBERG_CATALOG_ENGINE = Type.Object(
  {
    engine: Type.Literal("iceberg-catalog"),
    clients: Type.Optional(Type.Record(Type.String({ minLength: 1 }), SECRET_REFERENCE)),
    locations: Type.Optional(Type.Array(Type.String({ pattern: "^/[^/]" }))),
  },
  { additionalProperties: false },
);

/**
 * Settings of the Iceberg catalog. Clients exchange their id and secret for a token (OAuth2, client credentials).
 *
 * @example
 * ```ts
 * export default defineProject({
 *   name: "flights",
 *   engines: { catalog: icebergCatalog({ clients: { spark: env("SPARK_SECRET") }, locations: ["/data/tables"] }) },
 * });
 * ```
 */
export function icebergCatalog(options: Omit<IcebergCatalogEngine, "engine">): IcebergCatalogEngine {
  const given = { engine: "iceberg-catalog", ...options };
  return parse(ICEBERG_CATALOG_ENGINE, given, { what: "icebergCatalog" }) as IcebergCatalogEngine;
}

const SCHEMA_LENGTH_MAX = 63;

/** The schema in which a project's state is kept, unless it names one. */
export function schemaOf({ schema }: PostgresEngine, projectName: string): string {
  return schema ?? `mill_${projectName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`.slice(0, SCHEMA_LENGTH_MAX);
}
