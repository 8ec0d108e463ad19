import type { LineageGraph } from "@millwright/client";

export interface PlacedName {
  /** `kind:name`. */
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** What was asked for is column 0; what it came from lies at the left, what hangs on it at the right. */
  readonly column: number;
  readonly row: number;
}

/** Puts each name into a column, as many steps away from what was asked for as its longest way has. */
export function placeLineage({
  resolved,
  nodes,
  edges,
}: Pick<LineageGraph, "resolved" | "nodes" | "edges">): readonly PlacedName[] {
  const isAsked = (id: string) => id === resolved || nameOf(id) === resolved || nameOf(id).split("/")[0] === resolved;
  const asked = nodes.filter(isAsked);
  const below = distances(asked, { edges, next: ({ from, to }) => [from, to] });
  const above = distances(asked, { edges, next: ({ from, to }) => [to, from] });
  const columns = new Map(
    nodes.map((id) => {
      const up = above.get(id);
      return [id, isAsked(id) ? 0 : up === undefined ? (below.get(id) ?? 0) : -up] as const;
    }),
  );
  return [...Map.groupBy(nodes, (id) => columns.get(id) ?? 0)].flatMap(([column, ids]) =>
    ids
      .toSorted((one, other) => one.localeCompare(other))
      .map((id, row) => ({ id, kind: id.slice(0, id.indexOf(":")), name: nameOf(id), column, row })),
  );
}

function nameOf(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}

interface Walk {
  readonly edges: LineageGraph["edges"];
  readonly next: (edge: LineageGraph["edges"][number]) => readonly [string, string];
}

/** The longest way from the start to each name, in steps; a ring is walked once. */
function distances(start: readonly string[], { edges, next }: Walk): ReadonlyMap<string, number> {
  const out = Map.groupBy(edges.map(next), ([from]) => from);
  const found = new Map(start.map((id) => [id, 0]));
  const most = new Set(edges.flatMap(({ from, to }) => [from, to])).size;
  let front = new Set(start);
  for (let distance = 1; front.size > 0 && distance <= most; distance += 1) {
    const reached = [...front]
      .flatMap((id) => (out.get(id) ?? []).map(([, to]) => to))
      .filter((id) => !start.includes(id));
    for (const id of reached) found.set(id, distance);
    front = new Set(reached);
  }
  return found;
}
