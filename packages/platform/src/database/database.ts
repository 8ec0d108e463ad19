import type { Kysely } from "kysely";
import type { GroupedWriter } from "./group-commits.ts";

/** What asks the metadata database, seen through one module's tables; a transaction is one too. */
export type QueryBuilder<Schema> = Kysely<Schema>;

/**
 * The metadata database: one for a project, reached through Kysely so that the same queries and migrations serve
 * SQLite and Postgres. Column conventions on both: ids and JSON are text, which compares by its bytes, times are integer
 * milliseconds, booleans 0 or 1; integers cross as numbers and are refused beyond 2^53.
 */
export interface Database {
  readonly kind: "sqlite" | "postgres";
  /** The query builder, seen through one module's tables. */
  as<Schema>(): Kysely<Schema>;
  /** For hot writers: each write is durable when its promise resolves, and shares its commit with those beside it. */
  grouped<Schema>(): GroupedWriter<Schema>;
  /** On Postgres the key of the advisory lock under which its schema changes: a signed 64-bit integer's digits. */
  readonly migrationLockKey?: string;
  /**
   * A SELECT of one row that is asked again and again: prepared once, and answered at once with what is committed at that
   * moment, whoever wrote it. Absent where the database is reached by a wire.
   */
  prepared?<Row>(sql: string): (...parameters: readonly string[]) => Row | undefined;
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
