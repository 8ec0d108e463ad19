import { alg, Graph } from "@dagrejs/graphlib";
import { orchestrationErrors } from "../errors.ts";
import type { Task } from "../task.ts";

/** The tasks in an order in which each follows what it reads and waits for. Throws on a circle or an unknown id. */
export function inOrder(tasks: readonly Task[]): readonly Task[] {
  const graph = new Graph({ directed: true });
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const task of tasks) graph.setNode(task.id);
  for (const task of tasks) {
    for (const upstream of upstreamOf(task)) {
      if (!byId.has(upstream)) throw unknownTask(upstream, task.id);
      graph.setEdge(upstream, task.id);
    }
  }
  const circle = alg.findCycles(graph)[0];
  if (circle !== undefined) {
    throw orchestrationErrors.create("orchestration/cycle", {
      because: [...circle, circle[0]].join(" → "),
      details: { circle },
    });
  }
  return alg.topsort(graph).flatMap((id) => byId.get(id) ?? []);
}

/** Of tasks in order, those first that have the longest way to the end: what hangs on many steps should not wait for what few hang on. */
export function longestWayFirst(ordered: readonly Task[]): readonly Task[] {
  const steps = new Map<string, number>();
  for (const task of ordered.toReversed()) {
    const own = steps.get(task.id) ?? 0;
    for (const id of upstreamOf(task)) steps.set(id, Math.max(steps.get(id) ?? 0, own + 1));
  }
  const way = ({ id }: Task) => steps.get(id) ?? 0;
  return ordered.toSorted((one, other) => way(other) - way(one));
}

export function upstreamOf(task: Task): readonly string[] {
  return [...new Set([...task.reads, ...task.waitsFor])];
}

/** How a task is beside what it was when it last ran: it never has, or it would not do the same again. */
export type TaskChange = "new" | "modified" | "unmodified";

/**
 * The ids that selectors name; several are joined. A selector is a task's name or id, with `*` for any text, or
 * `tag:TAG`, or `path:FILE_OR_FOLDER`, or `state:modified`, `state:new` or `state:unmodified`; with `+` before it for all
 * that it needs and after it for all that hangs on it, and a number there for so many steps at most, as in dbt:
 * `2+departures`. Of several with commas between them it names what all of them name.
 */
export function select(
  tasks: readonly Task[],
  selectors: readonly string[],
  changes: ReadonlyMap<string, TaskChange> = new Map(),
): ReadonlySet<string> {
  const chosen = new Set<string>();
  for (const selector of selectors) {
    const [first = new Set<string>(), ...others] = selector.split(",").map((part) => named(tasks, part, changes));
    for (const id of first) if (others.every((other) => other.has(id))) chosen.add(id);
  }
  return chosen;
}

/** Whether how tasks have changed must be known to select by these. */
export function asksState(selectors: readonly string[]): boolean {
  return selectors.some((selector) => selector.includes(STATE));
}

const STATE = "state:";

function named(
  tasks: readonly Task[],
  selector: string,
  changes: ReadonlyMap<string, TaskChange>,
): ReadonlySet<string> {
  const chosen = new Set<string>();
  const [, up, name = "", down] = /^(\d*\+)?(.*?)(\+\d*)?$/.exec(selector) ?? [];
  const roots = tasks.filter(name.startsWith(STATE) ? stateMatcher(name, changes) : matcherOf(name));
  // That nothing has changed is an answer; that nothing is called so, a slip.
  if (roots.length === 0 && !name.startsWith(STATE)) throw unknownTask(name);
  for (const root of roots) {
    chosen.add(root.id);
    if (up !== undefined) reach(root.id, { next: (id) => upstreamIn(tasks, id), steps: stepsOf(up), into: chosen });
    if (down !== undefined)
      reach(root.id, { next: (id) => downstreamIn(tasks, id), steps: stepsOf(down), into: chosen });
  }
  return chosen;
}

/** What is new is modified too, as in dbt. */
function stateMatcher(name: string, changes: ReadonlyMap<string, TaskChange>): (task: Task) => boolean {
  const wanted = name.slice(STATE.length);
  if (!["new", "modified", "unmodified"].includes(wanted)) throw unknownTask(name);
  return ({ id }) => {
    const change = changes.get(id);
    return change === wanted || (wanted === "modified" && change === "new");
  };
}

function matcherOf(name: string): (task: Task) => boolean {
  if (name.startsWith("tag:")) return ({ tags }) => tags?.some(textMatcher(name.slice(4))) === true;
  if (name.startsWith("path:")) {
    const path = name.slice(5).replace(/^\.\//, "").replace(/\/$/, "");
    const isAt = textMatcher(path);
    return (task) => task.path !== undefined && (isAt(task.path) || task.path.startsWith(`${path}/`));
  }
  const isNamed = textMatcher(name);
  return (task) => isNamed(task.id) || isNamed(task.name);
}

function textMatcher(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const parts = pattern.split("*").map((part) => RegExp.escape(part));
  const expression = new RegExp(`^${parts.join(".*")}$`);
  return (text) => expression.test(text);
}

function stepsOf(plus: string): number {
  const steps = plus.replace("+", "");
  return steps === "" ? Infinity : Number(steps);
}

interface Reach {
  readonly next: (id: string) => readonly string[];
  readonly steps: number;
  readonly into: Set<string>;
}

function reach(from: string, { next, steps, into }: Reach): void {
  const seen = new Set([from]);
  let front = [from];
  for (let step = 0; step < steps && front.length > 0; step += 1) {
    front = [...new Set(front.flatMap(next))].filter((id) => !seen.has(id));
    for (const id of front) {
      seen.add(id);
      into.add(id);
    }
  }
}

function upstreamIn(tasks: readonly Task[], id: string): readonly string[] {
  const task = tasks.find((candidate) => candidate.id === id);
  return task === undefined ? [] : upstreamOf(task);
}

function downstreamIn(tasks: readonly Task[], id: string): readonly string[] {
  return tasks.filter((task) => upstreamOf(task).includes(id)).map((task) => task.id);
}

function unknownTask(id: string, wantedBy?: string): Error {
  return orchestrationErrors.create("orchestration/unknown-task", {
    because: wantedBy === undefined ? `nothing is called ${id}` : `${wantedBy} reads ${id}, which does not exist`,
  });
}
