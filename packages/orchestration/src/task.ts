import type { Problem, ProgressUpdate } from "@millwright/kernel";

/**
 * One step of a road. What it does is its own affair: the scheduler knows only its id, what it waits for,
 * and whether what it would do has changed since it was last done.
 */
export interface Task {
  /** `kind:name`, unique in the road. */
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** What its author calls it by, and the file that it is defined in: `tag:` and `path:` select by them. */
  readonly tags?: readonly string[];
  readonly path?: string;
  /** Ids of the tasks whose outputs this one reads: they are part of its fingerprint, and their failure blocks it. */
  readonly reads: readonly string[];
  /** Ids of the tasks that must have held before this one may run (checks); they are not part of its fingerprint. */
  readonly waitsFor: readonly string[];
  /** A hash of the definition and of what lies outside the road (files, code version), without the inputs. */
  definitionHash(): Promise<string>;
  /** False when what the last run left behind is gone (a dropped table), so that the task runs again. */
  stillThere?(outputVersion: string): Promise<boolean>;
  run(context: TaskContext): Promise<TaskOutcome>;
}

export interface TaskContext {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly progress: (update: ProgressUpdate) => void;
  /** Of the definition and the inputs. A task that leaves it beside its output can tell, after a death, what it had done. */
  readonly fingerprint: string;
  /** What the task left when it was last done; null when it never was. */
  readonly lastOutputVersion: string | null;
  /** The facts that each task this one reads has left, by its id. */
  factsOf(taskId: string): TaskFacts | undefined;
}

/** Small plain values that people and programs ask for first: rows, bytes, auc, version. */
export type TaskFacts = Readonly<Record<string, string | number | boolean | null>>;

export interface TaskOutcome {
  /** Names the state that the task left (a snapshot id, a model version): a new one makes its readers run again. */
  readonly outputVersion: string;
  readonly facts: TaskFacts;
  readonly message?: string;
  /** The work is done, yet something deserves a look (a check of severity warning). */
  readonly warned?: boolean;
}

export type TaskState = "waiting" | "running" | "done" | "unchanged" | "warned" | "failed" | "blocked" | "cancelled";

/** What became of one task in one run. Times are wall milliseconds since the epoch, durations milliseconds. */
export interface TaskReport {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: TaskState;
  readonly startedAtMs: number | null;
  readonly tookMs: number | null;
  readonly message: string | null;
  readonly facts: TaskFacts;
  readonly error: Problem | null;
  readonly progress: ProgressUpdate | null;
}

export interface RunReport {
  readonly runId: string;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly trigger: string;
  /** Of the tables: `main`, or one beside it. */
  readonly branch: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly tasks: readonly TaskReport[];
}
