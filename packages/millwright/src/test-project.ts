import {
  createClient,
  createControlApi,
  httpTransport,
  type Client,
  type QueryResult,
  type RunReport,
} from "@millwright/client";
import type { Services } from "@millwright/kernel";
import { projectErrors, TEST_VARIABLES } from "@millwright/project/define";

/** A project's throwaway state, as its tests use it. */
export interface TestProject {
  /** A query's rows, each an object by its columns' names. */
  sql(query: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Takes the road again, or a part of it by dbt's selectors, and waits for its end. */
  run(options?: { readonly select?: string; readonly force?: boolean }): Promise<RunReport>;
  /** One prediction of a service, typed by its signature. */
  predict: Client<Services>["predict"];
}

/**
 * The state that `mill test` has made for this test: the project's road taken once, on samples or fixtures, in a folder
 * that is removed afterwards. Throws `project/not-under-test` where there is none.
 *
 * @example
 * ```ts
 * const project = openTestProject();
 * const [row] = await project.sql("select count(*) as orders from orders");
 * ```
 */
export function openTestProject(): TestProject {
  const control = createControlApi(httpTransport(variable(TEST_VARIABLES.control)));
  const client = createClient<Services>({ url: variable(TEST_VARIABLES.serving) });
  return {
    sql: async (query) => objectsOf(await control.query({ body: { sql: query } })),
    run: async ({ select, force = false } = {}) => {
      const selectors = select === undefined ? {} : { select: select.split(/[\s,]+/) };
      const { runId } = await control.startRun({ body: { force, trigger: "a test", ...selectors } });
      return ended(runId, (id) => control.showRun({ runId: id }));
    },
    predict: (service, request) => client.predict(service, request),
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value !== undefined) return value;
  throw projectErrors.create("project/not-under-test", { because: `${name} is not set` });
}

function objectsOf({ columns, rows }: QueryResult): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, place) => [name, row[place]])));
}

const ASK_EVERY_MS = 50;

async function ended(runId: string, show: (runId: string) => Promise<RunReport>): Promise<RunReport> {
  for (;;) {
    const report = await show(runId);
    if (report.state !== "running") return report;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
