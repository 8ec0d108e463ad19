import type { Snapshot } from "@millwright/client";

/** A line of snapshots that something points at: the table as it is, a branch, a tag. */
export interface Head {
  readonly name: string;
  readonly kind: "main" | "branch" | "tag" | "project branch";
  readonly snapshotId: string;
}

export interface Placed {
  readonly snapshot: Snapshot;
  readonly column: number;
  readonly lane: number;
  /** What points at it. */
  readonly heads: readonly Head[];
}

export interface SnapshotTree {
  readonly placed: readonly Placed[];
  /** From each to the one that came of it. */
  readonly links: readonly { readonly from: Placed; readonly to: Placed }[];
  readonly lanes: number;
}

/**
 * Places snapshots in the order of their commits from left to right. The first head's line is the lowest lane; each other
 * head has a lane of its own for the snapshots that no line before it has. Of many the newest are placed.
 */
export function snapshotTree(snapshots: readonly Snapshot[], heads: readonly Head[], max: number): SnapshotTree {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]));
  const shown = [...byId.values()].toSorted((one, other) => one.committedAtMs - other.committedAtMs).slice(-max);
  const laneOf = new Map<string, number>();
  let lanes = 0;
  for (const { snapshotId } of [...heads, ...shown.toReversed()]) {
    const own = lineOf(snapshotId, byId, laneOf);
    for (const id of own) laneOf.set(id, lanes);
    if (own.length > 0) lanes += 1;
  }
  const placed = shown.map((snapshot, column) => ({
    snapshot,
    column,
    lane: laneOf.get(snapshot.snapshotId) ?? 0,
    heads: heads.filter(({ snapshotId }) => snapshotId === snapshot.snapshotId),
  }));
  const places = new Map(placed.map((place) => [place.snapshot.snapshotId, place]));
  const links = placed.flatMap((to) => {
    const from = to.snapshot.parentId === null ? undefined : places.get(to.snapshot.parentId);
    return from === undefined ? [] : [{ from, to }];
  });
  return { placed, links, lanes };
}

/** A snapshot and those before it that no lane has yet. */
function lineOf(
  snapshotId: string,
  byId: ReadonlyMap<string, Snapshot>,
  laneOf: ReadonlyMap<string, number>,
): readonly string[] {
  const line: string[] = [];
  let at = byId.get(snapshotId);
  while (at !== undefined && !laneOf.has(at.snapshotId) && line.length <= byId.size) {
    line.push(at.snapshotId);
    at = at.parentId === null ? undefined : byId.get(at.parentId);
  }
  return line;
}
