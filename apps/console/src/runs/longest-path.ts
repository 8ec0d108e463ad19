import type { Road, TaskReport } from "@millwright/client";

/**
 * The steps that a run waited for: from the one that ended last, each time the one before it that ended latest. What
 * shortens none of them does not shorten the run.
 */
export function longestPath(tasks: readonly TaskReport[], edges: Road["edges"]): readonly TaskReport[] {
  const ran = new Map(tasks.filter(({ startedAtMs }) => startedAtMs !== null).map((task) => [task.id, task]));
  const before = Map.groupBy(edges, ({ to }) => to);
  const path: TaskReport[] = [];
  const taken = new Set<string>();
  let at = latest([...ran.values()]);
  while (at !== undefined && !taken.has(at.id)) {
    path.unshift(at);
    taken.add(at.id);
    at = latest((before.get(at.id) ?? []).flatMap(({ from }) => ran.get(from) ?? []));
  }
  return path;
}

function latest(tasks: readonly TaskReport[]): TaskReport | undefined {
  return tasks.reduce<TaskReport | undefined>(
    (last, task) => (last === undefined || endOf(task) > endOf(last) ? task : last),
    undefined,
  );
}

export function endOf({ startedAtMs, tookMs }: TaskReport): number {
  return (startedAtMs ?? 0) + (tookMs ?? 0);
}
