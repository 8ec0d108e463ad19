import type { Road, RoadLayout } from "@millwright/client";
import {
  ControlButton,
  Controls,
  Position,
  ReactFlow,
  type Edge,
  type ReactFlowInstance,
  type Viewport,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Icon } from "../parts/icons.tsx";
import { StepNode, type DrawnNode } from "./road-node.tsx";

const NODE_TYPES = { step: StepNode };
const EDGE = 14;
const ZOOM = { min: 0.05, max: 1.6, startMin: 0.4, startMax: 1.15 } as const;

interface RoadGraphProps {
  readonly road: Road;
  readonly layout: RoadLayout;
  /** Steps without it in their names step back. */
  readonly text: string;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The road from left to right. It is laid out by the control process; here it is drawn, and moves as it runs. */
export function RoadGraph({ road, layout, text, chosen, onChoose }: RoadGraphProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const [flow, setFlow] = useState<ReactFlowInstance<DrawnNode>>();
  const nodes = useMemo(
    () => drawnNodes({ road, layout, text, chosen, onChoose }),
    [road, layout, text, chosen, onChoose],
  );
  const edges = useMemo(() => drawnEdges(road, chosen), [road, chosen]);
  useEffect(() => {
    const place = layout.nodes.find(({ id }) => id === chosen);
    if (flow !== undefined && canvas.current !== null && place !== undefined)
      bringIntoView({ flow, canvas: canvas.current, place, layout });
  }, [flow, layout, chosen]);
  const [isMeasured, setMeasured] = useState(false);
  useLayoutEffect(() => setMeasured(true), []);
  return (
    <div className="canvas" ref={canvas}>
      {isMeasured ? (
        <ReactFlow
          onInit={setFlow}
          defaultViewport={whole(canvas.current, layout)}
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          minZoom={ZOOM.min}
          onlyRenderVisibleElements
          maxZoom={ZOOM.max}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          proOptions={{ hideAttribution: true }}
          onPaneClick={() => onChoose(undefined)}
          aria-label="The road"
        >
          <Controls showInteractive={false} showFitView={false}>
            <ControlButton
              aria-label="The whole road"
              title="The whole road"
              onClick={() => void flow?.setViewport(whole(canvas.current, layout), { duration: 200 })}
            >
              <Icon name="whole" />
            </ControlButton>
          </Controls>
        </ReactFlow>
      ) : null}
    </div>
  );
}

/** All of the road in the middle of the canvas; a road that would be too small to read begins at its left. */
function whole(canvas: HTMLElement | null, { width, height }: RoadLayout): Viewport {
  const room = {
    width: (canvas?.clientWidth ?? width) - 2 * EDGE,
    height: (canvas?.clientHeight ?? height) - 2 * EDGE,
  };
  const fitting = Math.min(room.width / width, room.height / height);
  const zoom = Math.max(ZOOM.startMin, Math.min(ZOOM.startMax, fitting));
  const middle = (space: number, size: number) => EDGE + Math.max(0, (space - size * zoom) / 2);
  return { x: middle(room.width, width), y: middle(room.height, height), zoom };
}

interface Bringing {
  readonly flow: ReactFlowInstance<DrawnNode>;
  readonly canvas: HTMLElement;
  readonly place: RoadLayout["nodes"][number];
  readonly layout: RoadLayout;
}

/** Moves the drawing only if the step cannot be seen where it is. */
function bringIntoView({ flow, canvas, place, layout }: Bringing): void {
  const { x, y, zoom } = flow.getViewport();
  const [left, top] = [place.x * zoom + x, place.y * zoom + y];
  const [right, bottom] = [left + layout.nodeWidth * zoom, top + layout.nodeHeight * zoom];
  if (left >= 0 && top >= 0 && right <= canvas.clientWidth && bottom <= canvas.clientHeight) return;
  void flow.setCenter(place.x + layout.nodeWidth / 2, place.y + layout.nodeHeight / 2, { zoom, duration: 200 });
}

function drawnNodes({ road, layout, text, chosen, onChoose }: RoadGraphProps): DrawnNode[] {
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
        data: {
          step,
          attached: own,
          isChosen,
          isAside: text !== "" && !`${step.name} ${step.kind}`.toLowerCase().includes(text.toLowerCase()),
          onChoose: () => onChoose(isChosen ? undefined : step.id),
        },
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
