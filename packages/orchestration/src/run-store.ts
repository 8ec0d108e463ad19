import type { Database, MigrationSet } from "@millwright/platform";
import type { Problem } from "@millwright/kernel";
import { runs } from "./migrations/0001-runs.ts";
import { branches } from "./migrations/0002-branches.ts";
import type { RunReport, TaskFacts, TaskReport } from "./task.ts";

export const orchestrationMigrations: MigrationSet = { area: "orchestration", migrations: [runs, branches] };

const MAIN = "main";

interface Tables {
  road_run: {
    id: string;
    state: string;
    run_trigger: string;
    started_at: number;
    ended_at: number | null;
    branch: string;
  };
  task_run: {
    run_id: string;
    task_id: string;
    kind: string;
    name: string;
    state: string;
    started_at: number | null;
    took_ms: number | null;
    message: string | null;
    facts: string;
    error: string | null;
  };
  task_state: {
    branch: string;
    task_id: string;
    fingerprint: string;
    output_version: string;
    facts: string;
    warned: number;
    done_at: number;
  };
}

/** What a task's last success left: enough to know that nothing has changed. */
export interface TaskDone {
  readonly fingerprint: string;
  readonly outputVersion: string;
  readonly facts: TaskFacts;
  readonly warned: boolean;
  readonly doneAtMs: number;
}

/** Some of the runs, newest first: those of the store's own branch, unless of all. */
interface RunPage {
  readonly limit: number;
  /** The run after which the page begins. */
  readonly before?: string;
  readonly ofAllBranches?: boolean;
}

/** The runs of one branch and what each task last did on it, in the metadata database. */
export interface RunStore {
  begin(run: Omit<RunReport, "tasks">): Promise<void>;
  end(run: RunReport): Promise<void>;
  saveTask(runId: string, report: TaskReport): Promise<void>;
  done(taskId: string): Promise<TaskDone | undefined>;
  allDone(): Promise<ReadonlyMap<string, TaskDone>>;
  saveDone(taskId: string, done: TaskDone): Promise<void>;
  forget(taskId: string): Promise<void>;
  /** Takes over what a branch, which was published, has done. Once done, nothing of that branch is left to take. */
  adopt(branch: string): Promise<void>;
  /** Forgets what was done on a branch, which is gone: another of its name has done nothing. Its runs are kept. */
  forgetBranch(branch: string): Promise<void>;
  list(page: RunPage): Promise<readonly Omit<RunReport, "tasks">[]>;
  run(runId: string): Promise<RunReport | undefined>;
  /** The last durations of a task that really ran, oldest first, in milliseconds. */
  durations(taskId: string, limit: number): Promise<readonly number[]>;
}

/** On a branch, what it has not done itself counts as main did it: fingerprints tell whether that still holds. */
export function createRunStore(database: Database, { branch = MAIN }: { readonly branch?: string } = {}): RunStore {
  const kysely = database.as<Tables>();
  // Steps end side by side, and each tells it twice: they share their commits.
  const write = database.grouped<Tables>();
  const states = () => kysely.selectFrom("task_state").selectAll().where("branch", "in", [branch, MAIN]);
  return {
    begin: async ({ runId, state, trigger, startedAtMs }) => {
      // A run that a crash cut off is not running any more: its process is gone with the project's lock.
      await kysely
        .updateTable("road_run")
        .set({ state: "cancelled" })
        .where("state", "=", "running")
        .where("branch", "=", branch)
        .execute();
      await kysely
        .insertInto("road_run")
        .values({ id: runId, state, run_trigger: trigger, started_at: startedAtMs, ended_at: null, branch })
        .execute();
    },
    end: async ({ runId, state, endedAtMs }) => {
      await kysely.updateTable("road_run").set({ state, ended_at: endedAtMs }).where("id", "=", runId).execute();
    },
    saveTask: async (runId, report) => {
      const row = taskRow(runId, report);
      await write((transaction) =>
        transaction
          .insertInto("task_run")
          .values(row)
          .onConflict((conflict) => conflict.columns(["run_id", "task_id"]).doUpdateSet(row))
          .execute(),
      );
    },
    done: async (taskId) => {
      const rows = await states().where("task_id", "=", taskId).execute();
      const row = rows.find((found) => found.branch === branch) ?? rows[0];
      return row === undefined ? undefined : doneOf(row);
    },
    allDone: async () => {
      const rows = await states().execute();
      const own = rows.filter((row) => row.branch === branch);
      return new Map([...rows, ...own].map((row) => [row.task_id, doneOf(row)]));
    },
    saveDone: async (taskId, done) => {
      const row = {
        branch,
        task_id: taskId,
        fingerprint: done.fingerprint,
        output_version: done.outputVersion,
        facts: JSON.stringify(done.facts),
        warned: done.warned ? 1 : 0,
        done_at: done.doneAtMs,
      };
      await write((transaction) =>
        transaction
          .insertInto("task_state")
          .values(row)
          .onConflict((conflict) => conflict.columns(["branch", "task_id"]).doUpdateSet(row))
          .execute(),
      );
    },
    forget: async (taskId) => {
      await kysely.deleteFrom("task_state").where("task_id", "=", taskId).where("branch", "=", branch).execute();
    },
    adopt: (from) =>
      kysely.transaction().execute(async (transaction) => {
        const taken = transaction.selectFrom("task_state").select("task_id").where("branch", "=", from);
        await transaction.deleteFrom("task_state").where("branch", "=", branch).where("task_id", "in", taken).execute();
        await transaction.updateTable("task_state").set({ branch }).where("branch", "=", from).execute();
      }),
    forgetBranch: async (name) => {
      await kysely.deleteFrom("task_state").where("branch", "=", name).execute();
    },
    list: async ({ limit, before, ofAllBranches = false }) => {
      let query = kysely.selectFrom("road_run").selectAll().orderBy("id", "desc").limit(limit);
      if (!ofAllBranches) query = query.where("branch", "=", branch);
      if (before !== undefined) query = query.where("id", "<", before);
      return (await query.execute()).map(runOf);
    },
    run: async (runId) => {
      const row = await kysely.selectFrom("road_run").selectAll().where("id", "=", runId).executeTakeFirst();
      if (row === undefined) return undefined;
      const tasks = await kysely.selectFrom("task_run").selectAll().where("run_id", "=", runId).execute();
      return { ...runOf(row), tasks: tasks.map(reportOf) };
    },
    durations: async (taskId, limit) => {
      const rows = await kysely
        .selectFrom("task_run")
        .select(["took_ms"])
        .where("task_id", "=", taskId)
        .where("state", "in", ["done", "warned"])
        .orderBy("run_id", "desc")
        .limit(limit)
        .execute();
      return rows.flatMap(({ took_ms }) => (took_ms === null ? [] : [took_ms])).toReversed();
    },
  };
}

function taskRow(runId: string, report: TaskReport): Tables["task_run"] {
  return {
    run_id: runId,
    task_id: report.id,
    kind: report.kind,
    name: report.name,
    state: report.state,
    started_at: report.startedAtMs,
    took_ms: report.tookMs,
    message: report.message,
    facts: JSON.stringify(report.facts),
    error: report.error === null ? null : JSON.stringify(report.error),
  };
}

function reportOf(row: Tables["task_run"]): TaskReport {
  return {
    id: row.task_id,
    kind: row.kind,
    name: row.name,
    state: row.state as TaskReport["state"],
    startedAtMs: row.started_at,
    tookMs: row.took_ms,
    message: row.message,
    facts: JSON.parse(row.facts) as TaskFacts,
    error: row.error === null ? null : (JSON.parse(row.error) as Problem),
    progress: null,
  };
}

function runOf(row: Tables["road_run"]): Omit<RunReport, "tasks"> {
  return {
    runId: row.id,
    state: row.state as RunReport["state"],
    trigger: row.run_trigger,
    branch: row.branch,
    startedAtMs: row.started_at,
    endedAtMs: row.ended_at,
  };
}

function doneOf(row: Tables["task_state"]): TaskDone {
  return {
    fingerprint: row.fingerprint,
    outputVersion: row.output_version,
    facts: JSON.parse(row.facts) as TaskFacts,
    warned: row.warned === 1,
    doneAtMs: row.done_at,
  };
}
