import type { DbtNode } from "../node.ts";

/** The graph of what stands on what, and walks over it. */
export interface Graph {
  readonly parents: ReadonlyMap<string, ReadonlySet<string>>;
  readonly children: ReadonlyMap<string, ReadonlySet<string>>;
}

export function graphOf(nodes: Iterable<DbtNode>): Graph {
  const parents = new Map<string, Set<string>>();
  const children = new Map<string, Set<string>>();
  const all = [...nodes];
  for (const { id } of all) {
    parents.set(id, new Set());
    children.set(id, new Set());
  }
  for (const { id, dependsOn } of all)
    for (const parent of dependsOn) {
      if (!children.has(parent)) continue;
      parents.get(id)?.add(parent);
      children.get(parent)?.add(id);
    }
  return { parents, children };
}

/** All that is reached from some nodes over edges, at most `depth` steps away; the nodes themselves are not in it. */
export function reached(
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  from: Iterable<string>,
  depth = Number.POSITIVE_INFINITY,
): Set<string> {
  const found = new Set<string>();
  let frontier = [...from];
  for (let step = 0; step < depth && frontier.length > 0; step += 1) {
    const next: string[] = [];
    for (const id of frontier)
      for (const other of edges.get(id) ?? []) {
        if (found.has(other)) continue;
        found.add(other);
        next.push(other);
      }
    frontier = next;
  }
  return found;
}
