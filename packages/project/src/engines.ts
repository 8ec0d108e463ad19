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

/** Another catalog of Iceberg tables, in place of the project's own. */
export interface IcebergRestEngine {
  readonly engine: "iceberg-rest";
  /** Of the catalog's protocol, before `/v1`; https, unless it is on this machine. */
  readonly url: string;
  /** Which of its warehouses, by the catalog's own name for it. */
  readonly warehouse?: string;
  /** The levels of the namespace that the project's own tables are in, with dots between. Default: the project's name. */
  readonly namespace?: string;
  /** The others that SQL sees besides, with dots between levels. Default: all. */
  readonly namespaces?: readonly string[];
  /** Absolute folders in which the catalog's tables lie. */
  readonly locations: readonly string[];
  /** `ID:SECRET` of a client (OAuth2, client credentials). */
  readonly credential?: SecretReference;
  /** A bearer token as it stands. */
  readonly token?: SecretReference;
  /** What a token is asked for. Default: `catalog`. */
  readonly scope?: string;
  /** Where tokens are granted. Default: the catalog's own `/v1/oauth/tokens`. */
  readonly tokenUrl?: string;
  /** Whether a URL that begins with http:// may be asked beyond this machine. */
  readonly allowHttp?: boolean;
  /** For one answer of the catalog. Default: 30 seconds. */
  readonly timeoutMs?: number;
}

const TEXT = Type.String({ minLength: 1 });

export const ICEBERG_REST_ENGINE = Type.Object(
  {
    engine: Type.Literal("iceberg-rest"),
    url: Type.String({ pattern: "^https?://" }),
    warehouse: Type.Optional(TEXT),
    namespace: Type.Optional(TEXT),
    namespaces: Type.Optional(Type.Array(TEXT)),
    locations: Type.Array(Type.String({ pattern: "^/[^/]" })),
    credential: Type.Optional(SECRET_REFERENCE),
    token: Type.Optional(SECRET_REFERENCE),
    scope: Type.Optional(TEXT),
    tokenUrl: Type.Optional(Type.String({ pattern: "^https?://" })),
    allowHttp: Type.Optional(Type.Boolean()),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000 })),
  },
  { additionalProperties: false },
);

/**
 * Another catalog of Iceberg tables by its REST protocol: the project's tables are made there, and its other tables are seen
 * here. Secrets stay in the environment; the file holds the variables' names. Throws `kernel/invalid` for what it does not
 * know.
 *
 * @example
 * ```ts
 * export default defineProject({
 *   name: "flights",
 *   engines: {
 *     catalog: icebergRest({ url: "https://catalog.example.org", warehouse: "lab", credential: env("CATALOG"), locations: ["/data/lab"] }),
 *   },
 * });
 * ```
 */
export function icebergRest(options: Omit<IcebergRestEngine, "engine">): IcebergRestEngine {
  const given = { engine: "iceberg-rest", ...options };
  return parse(ICEBERG_REST_ENGINE, given, { what: "icebergRest" }) as IcebergRestEngine;
}

const SCHEMA_LENGTH_MAX = 63;

/** The namespace of another catalog that a project's own tables are in, unless it names one. */
export function namespaceOf({ namespace }: IcebergRestEngine, projectName: string): string {
  return namespace ?? projectName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
}

/** The schema in which a project's state is kept, unless it names one. */
export function schemaOf({ schema }: PostgresEngine, projectName: string): string {
  return schema ?? `mill_${projectName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}`.slice(0, SCHEMA_LENGTH_MAX);
}
