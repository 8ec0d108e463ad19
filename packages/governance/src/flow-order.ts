interface Link {
  readonly from: string;
  readonly to: string;
}

/** Links in the order in which data goes: what something is made of comes before it, then by name. */
export function inFlowOrder<Each extends Link>(links: readonly Each[]): readonly Each[] {
  const depths = depthsOf(links);
  const depth = (name: string) => depths.get(name) ?? Infinity;
  return links.toSorted(
    (one, other) =>
      compare(depth(one.from), depth(other.from)) ||
      compare(one.from, other.from) ||
      compare(depth(one.to), depth(other.to)) ||
      compare(one.to, other.to),
  );
}

/** How many links lead to a name at the most. What is in a circle, or behind one, has none. */
function depthsOf(links: readonly Link[]): ReadonlyMap<string, number> {
  const outgoing = Map.groupBy(links, ({ from }) => from);
  const open = new Map(links.map(({ from }) => [from, 0]));
  for (const { to } of links) open.set(to, (open.get(to) ?? 0) + 1);
  const depths = new Map<string, number>();
  let level = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  for (let depth = 0; level.length > 0; depth += 1) {
    for (const name of level) depths.set(name, depth);
    level = level
      .flatMap((name) => outgoing.get(name) ?? [])
      .filter(({ to }) => {
        const left = (open.get(to) ?? 0) - 1;
        open.set(to, left);
        return left === 0;
      })
      .map(({ to }) => to);
  }
  return depths;
}

function compare<Value extends number | string>(one: Value, other: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
