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

/**
 * The ids that selectors name. A selector is a task's name or id, with `+` before it for all that it needs,
 * after it for all that hangs on it, as in dbt; several are joined.
 */
export function select(tasks: readonly Task[], selectors: readonly string[]): ReadonlySet<string> {
  const chosen = new Set<string>();
  for (const selector of selectors) {
    const name = selector.replace(/^\+/, "").replace(/\+$/, "");
    const roots = tasks.filter((task) => task.id === name || task.name === name);
    if (roots.length === 0) throw unknownTask(name);
    for (const root of roots) {
      chosen.add(root.id);
      if (selector.startsWith("+")) reach(root.id, (id) => upstreamIn(tasks, id), chosen);
      if (selector.endsWith("+")) reach(root.id, (id) => downstreamIn(tasks, id), chosen);
    }
  }
  return chosen;
}

function reach(from: string, next: (id: string) => readonly string[], into: Set<string>): void {
  const queue = [from];
  const seen = new Set(queue);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    into.add(id);
    for (const other of next(id)) {
      if (!seen.has(other)) {
        seen.add(other);
        queue.push(other);
      }
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
