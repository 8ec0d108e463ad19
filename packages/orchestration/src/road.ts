import { contentHash, toProblem, writePoint, type Clock, type IdSource, type Logger } from "@millwright/kernel";
import { mapIoError } from "@millwright/platform";
import { asksState, inOrder, longestWayFirst, select, upstreamOf, type TaskChange } from "./domain/graph.ts";
import type { RunStore } from "./run-store.ts";
import type { RunReport, Task, TaskContext, TaskOutcome, TaskReport, TaskState } from "./task.ts";

export interface RoadPorts {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
}

export interface RoadOptions {
  /** How many tasks run at once. */
  readonly concurrency: number;
  /** Runs what is selected even when nothing has changed. */
  readonly force?: boolean;
  /** Names with dbt's `+`; all tasks when absent. Tasks outside the selection count as they last were. */
  readonly selectors?: readonly string[];
  readonly trigger: string;
  /** Whose tables the tasks write; `main` unless told. */
  readonly branch?: string;
  readonly signal?: AbortSignal;
  readonly onBegin?: (run: Omit<RunReport, "tasks">) => void;
  readonly onTask?: (report: TaskReport) => void;
}

/**
 * Runs the tasks in dependency order, several at once. A task whose definition and inputs are as at its last success is
 * `unchanged`; one whose upstream failed is `blocked`. Never throws for a task's failure: the report says it.
 */
export async function runRoad(ports: RoadPorts, tasks: readonly Task[], options: RoadOptions): Promise<RunReport> {
  const ordered = inOrder(tasks);
  const { selectors } = options;
  const changes = selectors !== undefined && asksState(selectors) ? await changesOf(ports.store, ordered) : undefined;
  const chosen = selectors === undefined ? undefined : select(ordered, selectors, changes);
  const road = new Road(ports, ordered, options, chosen);
  return road.run();
}

/** How each task is beside its last success, upstream as it was last left. */
async function changesOf(store: RunStore, tasks: readonly Task[]): Promise<ReadonlyMap<string, TaskChange>> {
  const done = await store.allDone();
  const changes = tasks.map(async (task) => {
    const last = done.get(task.id);
    if (last === undefined) return [task.id, "new"] as const;
    const now = await fingerprintOf(task, (id) => done.get(id)?.outputVersion);
    return [task.id, now === last.fingerprint ? "unmodified" : "modified"] as const;
  });
  return new Map(await Promise.all(changes));
}

async function fingerprintOf(task: Task, versionOf: (id: string) => string | undefined): Promise<string> {
  const inputs = task.reads.toSorted().map((id) => [id, versionOf(id) ?? null]);
  return contentHash({ task: task.id, definition: await task.definitionHash(), inputs });
}

/** One run in the making: what each task is, has left, and waits for. */
class Road {
  readonly #ports: RoadPorts;
  readonly #tasks: readonly Task[];
  readonly #options: RoadOptions;
  readonly #chosen: ReadonlySet<string> | undefined;
  readonly #reports = new Map<string, TaskReport>();
  readonly #outputs = new Map<string, TaskOutcome>();
  readonly #runId: string;
  readonly #startedAtMs: number;
  readonly #signal: AbortSignal;

  constructor(ports: RoadPorts, tasks: readonly Task[], options: RoadOptions, chosen: ReadonlySet<string> | undefined) {
    this.#ports = ports;
    this.#tasks = tasks;
    this.#options = options;
    this.#chosen = chosen;
    this.#runId = ports.ids();
    this.#startedAtMs = ports.clock.nowMs();
    this.#signal = options.signal ?? new AbortController().signal;
    for (const task of tasks) this.#reports.set(task.id, waiting(task));
  }

  async run(): Promise<RunReport> {
    const { tasks: _tasks, ...begun } = this.#report("running", null);
    await this.#ports.store.begin(begun);
    this.#options.onBegin?.(begun);
    const waitingTasks = new Set(longestWayFirst(this.#tasks));
    const running = new Set<Promise<void>>();
    while (waitingTasks.size > 0 || running.size > 0) {
      for (const task of waitingTasks) {
        if (running.size >= this.#options.concurrency) break;
        if (!upstreamOf(task).every((id) => this.#isSettled(id))) continue;
        waitingTasks.delete(task);
        const work = this.#step(task).finally(() => running.delete(work));
        running.add(work);
      }
      await Promise.race(running).catch(async (error: unknown) => {
        // The state of the run could not be kept: what is at work ends before anything it needs is closed.
        await Promise.allSettled(running);
        throw error;
      });
    }
    const ended = this.#report(this.#finalState(), this.#ports.clock.nowMs());
    await this.#ports.store.end(ended);
    return ended;
  }

  async #step(task: Task): Promise<void> {
    const blocker = upstreamOf(task).find((id) => !this.#holds(id));
    if (blocker !== undefined) return this.#settle(task, { state: "blocked", message: `waits for ${blocker}` });
    if (this.#signal.aborted) return this.#settle(task, { state: "cancelled", message: "the run was interrupted" });
    try {
      await this.#runOrSkip(task);
    } catch (error) {
      const problem = toProblem(mapIoError(error));
      this.#ports.logger.error({ task: task.id, err: error }, `${task.id} failed`);
      await this.#settle(task, {
        state: this.#signal.aborted ? "cancelled" : "failed",
        message: problem.detail,
        error: problem,
      });
    }
  }

  async #runOrSkip(task: Task): Promise<void> {
    const last = await this.#ports.store.done(task.id);
    const outside = this.#chosen !== undefined && !this.#chosen.has(task.id);
    if (outside && last !== undefined) return this.#keep(task, last);
    if (outside) return this.#settle(task, { state: "blocked", message: "not selected, and never run" });
    const fingerprint = await fingerprintOf(task, (id) => this.#outputs.get(id)?.outputVersion);
    const unchanged = last?.fingerprint === fingerprint && this.#options.force !== true;
    if (unchanged && ((await task.stillThere?.(last.outputVersion)) ?? true)) return this.#keep(task, last);
    await this.#runTask(task, { fingerprint, lastOutputVersion: last?.outputVersion ?? null });
  }

  async #runTask(task: Task, known: Pick<TaskContext, "fingerprint" | "lastOutputVersion">): Promise<void> {
    const { clock, store } = this.#ports;
    const startedMs = clock.monotonicMs();
    this.#update(task, { state: "running", startedAtMs: clock.nowMs() });
    const outcome = await task.run({
      ...known,
      runId: this.#runId,
      signal: this.#signal,
      progress: (progress) => this.#update(task, { progress }),
      factsOf: (id) => this.#outputs.get(id)?.facts,
    });
    this.#outputs.set(task.id, outcome);
    writePoint("orchestration/task/before-done");
    await store.saveDone(task.id, {
      fingerprint: known.fingerprint,
      outputVersion: outcome.outputVersion,
      facts: outcome.facts,
      warned: outcome.warned ?? false,
      doneAtMs: clock.nowMs(),
    });
    writePoint("orchestration/task/after-done");
    await this.#settle(task, {
      state: outcome.warned === true ? "warned" : "done",
      tookMs: clock.monotonicMs() - startedMs,
      message: outcome.message ?? null,
      facts: outcome.facts,
    });
  }

  async #keep(task: Task, last: { outputVersion: string; facts: TaskReport["facts"]; warned: boolean }): Promise<void> {
    this.#outputs.set(task.id, { outputVersion: last.outputVersion, facts: last.facts });
    await this.#settle(task, { state: "unchanged", facts: last.facts, message: "nothing has changed" });
  }

  async #settle(task: Task, change: Partial<TaskReport>): Promise<void> {
    this.#update(task, { ...change, progress: null });
    await this.#ports.store.saveTask(this.#runId, this.#reportOf(task.id));
  }

  #update(task: Task, change: Partial<TaskReport>): void {
    const report = { ...this.#reportOf(task.id), ...change };
    this.#reports.set(task.id, report);
    this.#options.onTask?.(report);
  }

  #reportOf(id: string): TaskReport {
    const report = this.#reports.get(id);
    if (report === undefined) throw new Error(`no report of ${id}`);
    return report;
  }

  #isSettled(id: string): boolean {
    const { state } = this.#reportOf(id);
    return state !== "waiting" && state !== "running";
  }

  #holds(id: string): boolean {
    return HOLDING.has(this.#reportOf(id).state);
  }

  #finalState(): RunReport["state"] {
    if (this.#signal.aborted) return "cancelled";
    const selected = this.#tasks.filter((task) => this.#chosen?.has(task.id) ?? true);
    return selected.every((task) => this.#holds(task.id)) ? "done" : "failed";
  }

  #report(state: RunReport["state"], endedAtMs: number | null): RunReport {
    return {
      runId: this.#runId,
      state,
      trigger: this.#options.trigger,
      branch: this.#options.branch ?? "main",
      startedAtMs: this.#startedAtMs,
      endedAtMs,
      tasks: [...this.#reports.values()],
    };
  }
}

const HOLDING: ReadonlySet<TaskState> = new Set<TaskState>(["done", "unchanged", "warned"]);

function waiting(task: Task): TaskReport {
  return {
    id: task.id,
    kind: task.kind,
    name: task.name,
    state: "waiting",
    startedAtMs: null,
    tookMs: null,
    message: null,
    facts: {},
    error: null,
    progress: null,
  };
}
