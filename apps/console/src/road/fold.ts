import type { Road, RoadNode } from "@millwright/client";

/** A road with more steps than this begins with its folders folded. */
const SHOWN_MAX = 150;
const WORTH_FOLDING = 8;

/** What is drawn as one: a step with its tests and checks, or a folder of steps. */
export type Drawn =
  | { readonly kind: "step"; readonly id: string; readonly step: RoadNode; readonly attached: readonly RoadNode[] }
  | { readonly kind: "group"; readonly id: string; readonly name: string; readonly steps: readonly RoadNode[] };

export interface FoldedRoad {
  readonly drawn: readonly Drawn[];
  /** By the id of a step, the id of what is drawn for it. */
  readonly standIn: ReadonlyMap<string, string>;
}

/** The folders that can be folded, with their steps. */
export function groupsOf({ nodes }: Road): ReadonlyMap<string, readonly RoadNode[]> {
  const steps = nodes.filter(({ attachedTo, group }) => attachedTo === null && group !== null);
  return new Map(
    [...Map.groupBy(steps, ({ group }) => group ?? "")].filter(([, { length }]) => length >= WORTH_FOLDING),
  );
}

export function foldedAtFirst(road: Road): ReadonlySet<string> {
  return road.nodes.length <= SHOWN_MAX ? new Set() : new Set(groupsOf(road).keys());
}

export function foldRoad({ nodes }: Road, folded: ReadonlySet<string>): FoldedRoad {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const attached = Map.groupBy(nodes, ({ attachedTo }) => attachedTo);
  const hostOf = (node: RoadNode) => (node.attachedTo === null ? node : (byId.get(node.attachedTo) ?? node));
  const standInOf = (node: RoadNode) => {
    const host = hostOf(node);
    return host.group !== null && folded.has(host.group) ? `group:${host.group}` : host.id;
  };
  const standIn = new Map(nodes.map((node) => [node.id, standInOf(node)]));
  const isHidden = ({ group }: RoadNode) => group !== null && folded.has(group);
  const hosts = nodes.filter((node) => hostOf(node) === node);
  const steps = hosts
    .filter((node) => !isHidden(node))
    .map((step): Drawn => ({ kind: "step", id: step.id, step, attached: attached.get(step.id) ?? [] }));
  const groups = [...Map.groupBy(hosts.filter(isHidden), ({ group }) => group ?? "")].map(([name, members]): Drawn => ({
    kind: "group",
    id: `group:${name}`,
    name,
    steps: members,
  }));
  return { drawn: [...steps, ...groups], standIn };
}
