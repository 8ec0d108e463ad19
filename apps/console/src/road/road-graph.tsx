import type { Road, RoadLayout } from "@millwright/client";
import { Controls, Position, ReactFlow, type Edge } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo } from "react";
import { StepNode, type DrawnNode } from "./road-node.tsx";

const NODE_TYPES = { step: StepNode };

interface RoadGraphProps {
  readonly road: Road;
  readonly layout: RoadLayout;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The road from left to right. It is laid out by the control process; here it is drawn, and moves as it runs. */
export function RoadGraph({ road, layout, chosen, onChoose }: RoadGraphProps) {
  const nodes = useMemo(() => drawnNodes({ road, layout, chosen, onChoose }), [road, layout, chosen, onChoose]);
  const edges = useMemo(() => drawnEdges(road, chosen), [road, chosen]);
  return (
    <div className="canvas">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        fitView
        fitViewOptions={{ padding: 0.02, minZoom: 0.5, maxZoom: 1 }}
        minZoom={0.1}
        maxZoom={1.6}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        proOptions={{ hideAttribution: true }}
        onPaneClick={() => onChoose(undefined)}
        aria-label="The road"
      >
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function drawnNodes({ road, layout, chosen, onChoose }: RoadGraphProps): DrawnNode[] {
  const places = new Map(layout.nodes.map((place) => [place.id, place]));
  const attached = Map.groupBy(road.nodes, ({ attachedTo }) => attachedTo);
  return road.nodes.flatMap((step) => {
    const place = places.get(step.id);
    if (place === undefined) return [];
    const own = attached.get(step.id) ?? [];
    const isChosen = step.id === chosen || own.some(({ id }) => id === chosen);
    return [
      {
        id: step.id,
        type: "step" as const,
        position: { x: place.x, y: place.y },
        width: layout.nodeWidth,
        height: layout.nodeHeight,
        handles: handlesOf(layout),
        data: { step, attached: own, isChosen, onChoose: () => onChoose(isChosen ? undefined : step.id) },
      },
    ];
  });
}

/** Where edges begin and end, told at once, so that they are drawn before anything has been measured. */
function handlesOf({ nodeWidth, nodeHeight }: RoadLayout): NonNullable<DrawnNode["handles"]> {
  const point = { y: nodeHeight / 2, width: 1, height: 1 };
  return [
    { type: "target", position: Position.Left, x: 0, ...point },
    { type: "source", position: Position.Right, x: nodeWidth, ...point },
  ];
}

function drawnEdges({ nodes, edges }: Road, chosen: string | undefined): Edge[] {
  const host = new Map(nodes.map(({ id, attachedTo }) => [id, attachedTo ?? id]));
  const isRunning = new Set(nodes.filter(({ state }) => state === "running").map(({ id }) => id));
  const near = chosen === undefined ? undefined : (host.get(chosen) ?? chosen);
  const drawn = new Map<string, Edge>();
  for (const { from, to } of edges) {
    const [source, target] = [host.get(from) ?? from, host.get(to) ?? to];
    if (source === target) continue;
    const tone = isRunning.has(target) ? "busy" : source === near || target === near ? "near" : "";
    drawn.set(`${source} ${target}`, { id: `${source} ${target}`, source, target, className: tone });
  }
  return [...drawn.values()];
}
