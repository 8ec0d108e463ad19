import { createHash } from "node:crypto";
import elk, { type ELK, type ElkNode } from "elkjs/lib/elk.bundled.js";
import type { RoadView } from "./road-board.ts";

/** Where each node of a drawn road stands, in pixels from the top left. */
export interface RoadLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly { readonly id: string; readonly x: number; readonly y: number }[];
}

export const NODE_SIZE = { width: 146, height: 90 } as const;
const LAYOUTS_MAX = 8;

/** Lays roads out from left to right, and remembers the last ones. */
export function createLayouts(): (road: Pick<RoadView, "nodes" | "edges">) => Promise<RoadLayout> {
  const engine = new elk.default();
  const known = new Map<string, Promise<RoadLayout>>();
  return (road) => {
    const key = createHash("sha256")
      .update(JSON.stringify([road.nodes.map(({ id }) => id), road.edges]))
      .digest("hex");
    const found = known.get(key) ?? layOut(engine, road);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > LAYOUTS_MAX && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

async function layOut(engine: ELK, road: Pick<RoadView, "nodes" | "edges">): Promise<RoadLayout> {
  const { nodes, edges } = withoutAttached(road);
  const drawn: ElkNode = await engine.layout({
    id: "road",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.spacing.nodeNode": "14",
      "elk.layered.spacing.nodeNodeBetweenLayers": "28",
      // The console draws curves of its own: no room is kept for bends.
      "elk.edgeRouting": "POLYLINE",
      "elk.layered.spacing.edgeNodeBetweenLayers": "6",
      "elk.layered.spacing.edgeEdgeBetweenLayers": "4",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.considerModelOrder.strategy": "PREFER_EDGES",
    },
    children: nodes.map(({ id }) => ({ id, ...NODE_SIZE })),
    edges: edges.map(({ from, to }, index) => ({ id: String(index), sources: [from], targets: [to] })),
  });
  return {
    width: drawn.width ?? 0,
    height: drawn.height ?? 0,
    nodes: (drawn.children ?? []).map(({ id, x = 0, y = 0 }) => ({ id, x, y })),
  };
}

/** The graph as it is drawn: what is attached to a table is part of it, and so are its edges. */
function withoutAttached({ nodes, edges }: Pick<RoadView, "nodes" | "edges">): {
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
} {
  const host = new Map(nodes.map(({ id, attachedTo }) => [id, attachedTo ?? id]));
  const drawn = edges.map(({ from, to }) => ({ from: host.get(from) ?? from, to: host.get(to) ?? to }));
  const distinct = new Map(
    drawn.filter(({ from, to }) => from !== to).map((edge) => [`${edge.from} ${edge.to}`, edge]),
  );
  return { nodes: nodes.filter(({ attachedTo }) => attachedTo === null), edges: [...distinct.values()] };
}
