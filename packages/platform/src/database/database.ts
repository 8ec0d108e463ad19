import type { Kysely } from "kysely";

/**
 * The metadata database: one for a project, reached through Kysely so that the same queries and migrations serve
 * SQLite and Postgres. Column conventions on both: ids and JSON are text, times are integer milliseconds, booleans 0 or 1.
 */
export interface Database {
  readonly kind: "sqlite" | "postgres";
  /** The query builder, seen through one module's tables. */
  as<Schema>(): Kysely<Schema>;
  close(): Promise<void>;
}

/** One append-only step of a module's schema. Runs once, in a transaction of its own, in the order of the names. */
export interface Migration {
  /** `0001-what`, unique in its area, never changed once released. */
  readonly name: string;
  up(database: Kysely<unknown>): Promise<void>;
}

export interface MigrationSet {
  readonly area: string;
  readonly migrations: readonly Migration[];
}
