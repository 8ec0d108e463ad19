import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { ElkNode } from "elkjs/lib/elk.bundled.js";
import type { RoadView } from "./road-board.ts";

/** Where each node of a drawn road stands, in pixels from the top left. */
export interface RoadLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly { readonly id: string; readonly x: number; readonly y: number }[];
}

type Drawable = Pick<RoadView, "nodes" | "edges">;

interface Graph {
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

export const NODE_SIZE = { width: 150, height: 106 } as const;
const LAYOUTS_MAX = 16;

/** Lays roads out from left to right, and remembers the last ones. The steps of a folded group stand as one, `group:` and its name. */
export function createLayouts(): (road: Drawable, folded?: ReadonlySet<string>) => Promise<RoadLayout> {
  const known = new Map<string, Promise<RoadLayout>>();
  return (road, folded = new Set()) => {
    const graph = drawnGraph(road, folded);
    const key = createHash("sha256").update(JSON.stringify(graph)).digest("hex");
    const found = known.get(key) ?? layOut(graph);
    known.set(key, found);
    found.catch(() => known.delete(key));
    const [oldest] = known.keys();
    if (known.size > LAYOUTS_MAX && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

/** In a thread of its own: two thousand steps take seconds, in which control must go on answering. */
async function layOut({ nodes, edges }: Graph): Promise<RoadLayout> {
  const drawn = await inThread({
    id: "road",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.spacing.nodeNode": "14",
      "elk.layered.spacing.nodeNodeBetweenLayers": "24",
      // The console draws curves of its own: no room is kept for bends.
      "elk.edgeRouting": "POLYLINE",
      "elk.layered.spacing.edgeNodeBetweenLayers": "6",
      "elk.layered.spacing.edgeEdgeBetweenLayers": "4",
      "elk.layered.nodePlacement.strategy": nodes.length > MANY ? "BRANDES_KOEPF" : "NETWORK_SIMPLEX",
      "elk.layered.thoroughness": nodes.length > MANY ? "1" : "7",
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

/** Beyond so many nodes the better placement, and to look for the fewest crossings again and again, takes too long. */
const MANY = 300;

function inThread(graph: ElkNode): Promise<ElkNode> {
  const worker = new Worker(new URL("./layout-worker.ts", import.meta.url), { workerData: graph });
  return new Promise<ElkNode>((resolve, reject) => {
    worker.once("message", (drawn: ElkNode) => {
      resolve(drawn);
      void worker.terminate();
    });
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the layout's thread ended with ${code}`)));
  });
}

/** The graph as it is drawn: what is attached to a table is part of it, what is folded is part of its group. */
function drawnGraph({ nodes, edges }: Drawable, folded: ReadonlySet<string>): Graph {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stand = new Map(
    nodes.map((node) => {
      const host = node.attachedTo === null ? node : (byId.get(node.attachedTo) ?? node);
      const isFolded = host.group !== null && folded.has(host.group);
      return [node.id, isFolded ? `group:${host.group}` : host.id] as const;
    }),
  );
  const drawn = edges.map(({ from, to }) => ({ from: stand.get(from) ?? from, to: stand.get(to) ?? to }));
  const distinct = new Map(
    drawn.filter(({ from, to }) => from !== to).map((edge) => [`${edge.from} ${edge.to}`, edge]),
  );
  return { nodes: [...new Set(stand.values())].map((id) => ({ id })), edges: [...distinct.values()] };
}
