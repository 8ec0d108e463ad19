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
import { matches } from "./facts.ts";
import { foldRoad, type Drawn, type FoldedRoad } from "./fold.ts";
import { GroupNode, type DrawnGroup } from "./group-node.tsx";
import { StepNode, type DrawnNode } from "./road-node.tsx";

const NODE_TYPES = { step: StepNode, "group-of-steps": GroupNode };
const EDGE = 14;
const ZOOM = { min: 0.05, max: 1.6, startMin: 0.4, startMax: 1.15 } as const;

type AnyNode = DrawnNode | DrawnGroup;

interface RoadGraphProps {
  readonly road: Road;
  readonly layout: RoadLayout;
  readonly folded: ReadonlySet<string>;
  readonly onUnfold: (group: string) => void;
  /** Steps without it in their names step back. */
  readonly text: string;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The road from left to right. It is laid out by the control process; here it is drawn, and moves as it runs. */
export function RoadGraph(props: RoadGraphProps) {
  const { road, layout, folded, chosen, onChoose } = props;
  const canvas = useRef<HTMLDivElement>(null);
  const [flow, setFlow] = useState<ReactFlowInstance<AnyNode>>();
  const fold = useMemo(() => foldRoad(road, folded), [road, folded]);
  const nodes = useDrawnNodes(props, fold);
  const edges = useMemo(() => drawnEdges(road, fold, chosen), [road, fold, chosen]);
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
  readonly flow: ReactFlowInstance<AnyNode>;
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

/** What is drawn, each in its place. A part of a large road that has not changed stays the very same, and is not drawn anew. */
function useDrawnNodes(props: RoadGraphProps, { drawn }: FoldedRoad): AnyNode[] {
  const { layout, text, chosen, onChoose, onUnfold } = props;
  const places = useMemo(() => new Map(layout.nodes.map((place) => [place.id, place])), [layout]);
  const handles = useMemo(() => handlesOf(layout), [layout]);
  const kept = useRef(new Map<string, { readonly of: readonly unknown[]; readonly node: AnyNode }>());
  return useMemo(
    () =>
      drawn.flatMap((one) => {
        const place = places.get(one.id);
        if (place === undefined) return [];
        const isChosen = one.kind === "step" && (one.id === chosen || one.attached.some(({ id }) => id === chosen));
        const parts = one.kind === "step" ? [one.step, ...one.attached] : one.steps;
        const of = [place, text, isChosen, onChoose, onUnfold, ...parts];
        const known = kept.current.get(one.id);
        if (known !== undefined && isSame(known.of, of)) return [known.node];
        const node: AnyNode = {
          id: one.id,
          position: { x: place.x, y: place.y },
          width: layout.nodeWidth,
          height: layout.nodeHeight,
          handles,
          ...contentOf(one, { text, isChosen, onChoose, onUnfold }),
        };
        kept.current.set(one.id, { of, node });
        return [node];
      }),
    [drawn, places, handles, layout, text, chosen, onChoose, onUnfold],
  );
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}

interface Content extends Pick<RoadGraphProps, "text" | "onChoose" | "onUnfold"> {
  readonly isChosen: boolean;
}

function contentOf(one: Drawn, { text, isChosen, onChoose, onUnfold }: Content) {
  if (one.kind === "group") {
    const found = text === "" ? undefined : one.steps.filter((step) => matches(step, text)).length;
    const data = { name: one.name, steps: one.steps, found, onUnfold: () => onUnfold(one.name) };
    return { type: "group-of-steps" as const, data };
  }
  const { step, attached } = one;
  const onStep = () => onChoose(isChosen ? undefined : step.id);
  return {
    type: "step" as const,
    data: { step, attached, isChosen, isAside: text !== "" && !matches(step, text), onChoose: onStep },
  };
}

/** Where edges begin and end, told at once, so that they are drawn before anything has been measured. */
function handlesOf({ nodeWidth, nodeHeight }: RoadLayout): NonNullable<DrawnNode["handles"]> {
  const point = { y: nodeHeight / 2, width: 1, height: 1 };
  return [
    { type: "target", position: Position.Left, x: 0, ...point },
    { type: "source", position: Position.Right, x: nodeWidth, ...point },
  ];
}

function drawnEdges({ nodes, edges }: Road, { standIn }: FoldedRoad, chosen: string | undefined): Edge[] {
  const isRunning = new Set(nodes.filter(({ state }) => state === "running").map(({ id }) => standIn.get(id) ?? id));
  const near = chosen === undefined ? undefined : (standIn.get(chosen) ?? chosen);
  const drawn = new Map<string, Edge>();
  for (const { from, to } of edges) {
    const [source, target] = [standIn.get(from) ?? from, standIn.get(to) ?? to];
    if (source === target) continue;
    const tone = isRunning.has(target) ? "busy" : source === near || target === near ? "near" : "";
    drawn.set(`${source} ${target}`, { id: `${source} ${target}`, source, target, className: tone });
  }
  return [...drawn.values()];
}
