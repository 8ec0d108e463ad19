import { isMillError, type ProgressSink } from "@millwright/kernel";
import type { Lakehouse, QueryResult } from "@millwright/lakehouse";
import { runDataTest, testOutcome, type CountedTest, type TestOutcome } from "../engine/run/data-test.ts";
import { compileTest, lakeWarehouse } from "./compile.ts";
import { countSelect, isCountable } from "./countable-tests.ts";
import type { DbtProject, DbtTest } from "./lake-project.ts";
import { keepsFailures } from "./open-project.ts";

export interface TestResult {
  readonly name: string;
  readonly model: string;
  readonly column: string | null;
  readonly kind: string;
  readonly severity: "error" | "warning";
  /** By the test's thresholds: rows may be found and still be borne. */
  readonly passed: boolean;
  readonly failures: number;
  readonly sample: QueryResult;
  readonly sql: string;
}

interface TestPorts {
  readonly lakehouse: Pick<Lakehouse, "query" | "relation" | "write">;
  readonly progress: ProgressSink;
}

const SAMPLE_ROWS = 10;
const NO_ROWS: QueryResult = { columns: [], rows: [], truncated: false };

/**
 * Runs the data tests of one table: their rows are the failures, `warn_if` and `error_if` say how many are too many.
 * Those of the house that look at one row at a time are counted in one pass, each other one by its own statement.
 */
export async function runTests(
  { lakehouse, progress }: TestPorts,
  { project, tests }: { readonly project: DbtProject; readonly tests: readonly DbtTest[] },
): Promise<readonly TestResult[]> {
  const counted = await countTogether(lakehouse, { project, tests });
  const results: TestResult[] = [];
  for (const test of tests) {
    progress({ message: test.name, done: results.length, total: tests.length, unit: "tests" });
    const count = counted.get(test);
    const outcome = count === undefined ? undefined : testOutcome(test.node, project.world.flags, count);
    results.push(await resultOf(lakehouse, { project, test, outcome }));
  }
  return results;
}

type Counts = ReadonlyMap<DbtTest, CountedTest>;

async function countTogether(
  lakehouse: Pick<Lakehouse, "query" | "relation">,
  { project, tests }: { readonly project: DbtProject; readonly tests: readonly DbtTest[] },
): Promise<Counts> {
  const counts = new Map<DbtTest, CountedTest>();
  const countable = Map.groupBy(
    tests.filter((test) => isCountable(project, test)),
    ({ model }) => model,
  );
  for (const [model, together] of countable) {
    const rows = await rowOf(lakehouse, countSelect(together, lakehouse.relation(model)));
    together.forEach((test, index) => {
      const [failures, warns, errs] = rows?.slice(index * 3, index * 3 + 3) ?? [];
      if (rows !== undefined)
        counts.set(test, { failures: Number(failures ?? 0), warns: warns === true, errs: errs === true });
    });
  }
  return counts;
}

/** Undefined when the engine refuses it: then each test is run by itself, and the faulty one is named. */
async function rowOf(
  lakehouse: Pick<Lakehouse, "query">,
  sql: string,
): Promise<QueryResult["rows"][number] | undefined> {
  try {
    return (await lakehouse.query(sql)).rows[0];
  } catch (error) {
    if (isMillError(error) && error.code === "lakehouse/sql-error") return undefined;
    throw error;
  }
}

interface Resulting {
  readonly project: DbtProject;
  readonly test: DbtTest;
  /** What is known already. */
  readonly outcome: TestOutcome | undefined;
}

async function resultOf(lakehouse: TestPorts["lakehouse"], { project, test, outcome }: Resulting): Promise<TestResult> {
  const sql = await compileTest(project, test, lakehouse);
  const limit = test.node.config["limit"];
  const counted = typeof limit === "number" ? `${sql}\nLIMIT ${limit}` : sql;
  const { status, failures } = outcome ?? (await runAlone(lakehouse, { project, test, sql }));
  if (keepsFailures(test.node)) await lakehouse.write({ table: test.node.alias, select: counted, mode: "replace" });
  const { name, model, column, kind } = test;
  return {
    name,
    model,
    column,
    kind,
    severity: status === "warn" ? "warning" : test.severity,
    passed: status === "pass",
    failures,
    sample: failures === 0 ? NO_ROWS : await lakehouse.query(counted, { maxRows: SAMPLE_ROWS }),
    sql,
  };
}

async function runAlone(
  lakehouse: Pick<Lakehouse, "query">,
  { project, test, sql }: { readonly project: DbtProject; readonly test: DbtTest; readonly sql: string },
): Promise<TestOutcome> {
  const node = { ...test.node, config: { ...test.node.config, store_failures: false, store_failures_as: null } };
  return runDataTest({ warehouse: lakeWarehouse(lakehouse), flags: project.world.flags }, node, sql);
}
