import type { Clock, IdSource } from "@millwright/kernel";
import type { Database, MigrationSet } from "@millwright/platform";
import { checkResults } from "./migrations/0001-check-results.ts";

export const validationMigrations: MigrationSet = { area: "validation", migrations: [checkResults] };

/** How one check ended once. */
export interface CheckRecord {
  /** Of the checks' definition, or of the model whose tests they are. */
  readonly name: string;
  readonly table: string;
  readonly check: string;
  readonly severity: "error" | "warning";
  readonly passed: boolean;
  /** Rows that failed; for a row count, the rows there were. */
  readonly observed: number;
  readonly expected: string;
  readonly atMs: number;
}

/** How checks ended, each time they ran. */
export interface CheckHistory {
  /** Keeps the results of one run of some checks, all with one time. */
  record(results: readonly Omit<CheckRecord, "atMs">[]): Promise<void>;
  /** The last runs of each, by name and newest first; of one name, or on one table, when it is told. */
  recent(asked: { readonly runs: number; readonly nameOrTable?: string }): Promise<readonly CheckRecord[]>;
  /** The runs of the checks of this name, or on the table of this name, newest first and in each run by name. */
  of(nameOrTable: string, limit: number): Promise<readonly CheckRecord[]>;
}

/** Of each name so many runs are kept. */
const RUNS_MAX = 1_000;
const RECENT_MAX = 100_000;

interface Tables {
  check_result: {
    id: string;
    name: string;
    table_name: string;
    check_name: string;
    severity: string;
    passed: number;
    observed: number;
    expected: string;
    at_ms: number;
  };
}

export function createCheckHistory({
  database,
  clock,
  ids,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
}): CheckHistory {
  const kysely = database.as<Tables>();
  return {
    record: async (results) => {
      if (results.length === 0) return;
      const atMs = clock.nowMs();
      const rows = results.map(({ name, table, check, severity, passed, observed, expected }) => ({
        id: ids(),
        name,
        table_name: table,
        check_name: check,
        severity,
        passed: passed ? 1 : 0,
        observed,
        expected,
        at_ms: atMs,
      }));
      await kysely.insertInto("check_result").values(rows).execute();
      for (const name of new Set(results.map((result) => result.name))) await forgetOld(name);
    },
    recent: async ({ runs, nameOrTable }) => {
      let ranked = kysely
        .selectFrom("check_result")
        .selectAll()
        .select(({ fn }) =>
          fn
            .agg<number>("dense_rank")
            .over((over) => over.partitionBy("name").orderBy("at_ms", "desc"))
            .as("run_number"),
        );
      if (nameOrTable !== undefined)
        ranked = ranked.where((is) => is.or([is("name", "=", nameOrTable), is("table_name", "=", nameOrTable)]));
      const rows = await kysely
        .selectFrom(ranked.as("ranked"))
        .selectAll()
        .where("run_number", "<=", runs)
        .orderBy("name")
        .orderBy("at_ms", "desc")
        .orderBy("check_name")
        .limit(RECENT_MAX)
        .execute();
      return rows.map(recordOf);
    },
    of: async (nameOrTable, limit) => {
      const rows = await kysely
        .selectFrom("check_result")
        .selectAll()
        .where((query) => query.or([query("name", "=", nameOrTable), query("table_name", "=", nameOrTable)]))
        .orderBy("at_ms", "desc")
        .orderBy("name")
        .orderBy("check_name")
        .limit(limit)
        .execute();
      return rows.map(recordOf);
    },
  };

  async function forgetOld(name: string): Promise<void> {
    const oldest = await kysely
      .selectFrom("check_result")
      .select("at_ms")
      .distinct()
      .where("name", "=", name)
      .orderBy("at_ms", "desc")
      .offset(RUNS_MAX - 1)
      .limit(1)
      .executeTakeFirst();
    if (oldest === undefined) return;
    await kysely.deleteFrom("check_result").where("name", "=", name).where("at_ms", "<", oldest.at_ms).execute();
  }
}

function recordOf(row: Tables["check_result"]): CheckRecord {
  return {
    name: row.name,
    table: row.table_name,
    check: row.check_name,
    severity: row.severity === "warning" ? "warning" : "error",
    passed: Number(row.passed) === 1,
    observed: Number(row.observed),
    expected: row.expected,
    atMs: Number(row.at_ms),
  };
}
