import type { InferenceGraph } from "@millwright/client";
import { useMemo } from "react";
import { count } from "../format.ts";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { layOutGraph, type GraphStep, type PlacedEdge, type PlacedNode, type PlacedStep } from "./graph-layout.ts";
import { TargetLink } from "./target-link.tsx";
import { meanMsOf, type Recent, type RecentOf } from "./use-graphs.ts";
import { dependencyWords, perSecondWords, routerWords, shortMs } from "./words.ts";

interface GraphPictureProps {
  readonly graph: InferenceGraph;
  readonly recentOf: RecentOf;
}

/** A graph from left to right, each way as wide as the part of the requests that took it. */
export function GraphPicture({ graph, recentOf }: GraphPictureProps) {
  const layout = useMemo(() => layOutGraph(graph.nodes), [graph.nodes]);
  const steps = Object.values(graph.nodes).flatMap((node) => node.steps);
  const most = Math.max(1, ...steps.map(({ requests }) => requests));
  return (
    <div className="scroll graph-picture" tabIndex={0} role="region" aria-label={`${graph.name}, drawn`}>
      <div style={{ position: "relative", width: layout.width, height: layout.height }}>
        {layout.nodes.map((node) => (
          <NodeFrame key={node.key} node={node} />
        ))}
        <svg width={layout.width} height={layout.height} aria-hidden>
          {layout.edges.map((edge) => (
            <Way key={edge.key} edge={edge} most={most} />
          ))}
        </svg>
        <Door side="left" height={layout.height}>
          request
        </Door>
        {layout.steps.map((step) => (
          <StepBox key={step.key} placed={step} recent={recentOf(step.node, step.at)} />
        ))}
        <Door side="right" height={layout.height}>
          answer
        </Door>
      </div>
    </div>
  );
}

function NodeFrame({ node }: { readonly node: PlacedNode }) {
  const { name, routerType, step, note, x, y, width, height } = node;
  return (
    <div className="graph-node" style={{ left: x, top: y, width, height }}>
      <Note text={note} />
      <div className="head">
        <strong>{step === undefined || step.name === name ? name : `${step.name} → ${name}`}</strong>
        <span className="muted">
          {routerType.toLowerCase()}: {routerWords(routerType)}
        </span>
        {step === undefined ? null : <Dependency step={step} />}
      </div>
    </div>
  );
}

interface StepBoxProps {
  readonly placed: PlacedStep;
  readonly recent: Recent | undefined;
}

function StepBox({ placed: { step, note, x, y, width, height }, recent }: StepBoxProps) {
  const isBusy = recent !== undefined && recent.perSecond > 0;
  return (
    <div className={`graph-step${isBusy ? " busy" : ""}`} style={{ left: x, top: y, width, height }}>
      <Note text={note} />
      <div className="head">
        <strong>{step.name}</strong>
        <Dependency step={step} />
      </div>
      <TargetLink step={step}>
        <span className="row tight">
          <Icon name={ICONS[step.to]} size={13} />
          <Middle text={step.target} />
        </span>
      </TargetLink>
      <div className="figures">
        <span>{count(step.requests)}</span>
        <span className="muted">{shortMs(recent?.meanMs ?? meanMsOf(step))}</span>
        {isBusy ? <span className="state busy">{perSecondWords(recent.perSecond)}</span> : null}
        {step.failures === 0 ? null : <span className="state bad">{count(step.failures)} failed</span>}
      </div>
    </div>
  );
}

const ICONS: Readonly<Record<GraphStep["to"], string>> = { node: "group", model: "models", address: "service" };

function Note({ text }: { readonly text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <span className="note mono" title={text}>
      <Middle text={text} />
    </span>
  );
}

function Dependency({ step }: { readonly step: GraphStep }) {
  return (
    <span className={step.dependency === "Hard" ? "tag hard" : "tag"} title={dependencyWords(step)}>
      {step.dependency.toLowerCase()}
    </span>
  );
}

function Way({
  edge: { from, straightTo = from.x, to, label, step },
  most,
}: {
  readonly edge: PlacedEdge;
  readonly most: number;
}) {
  const bend = Math.min(40, Math.abs(to.x - straightTo) / 2);
  const share = step === undefined ? undefined : step.requests / most;
  const width = share === undefined ? 1.5 : 1.25 + 3.25 * share;
  return (
    <>
      <path
        className={share === undefined ? undefined : share === 0 ? "unused" : "used"}
        strokeWidth={width}
        d={`M${from.x},${from.y} H${straightTo} C${straightTo + bend},${from.y} ${to.x - bend},${to.y} ${to.x},${to.y}`}
      />
      {label === undefined ? null : (
        <text x={(from.x + to.x) / 2} y={from.y - 7} textAnchor="middle">
          {label}
        </text>
      )}
    </>
  );
}

interface DoorProps {
  readonly side: "left" | "right";
  readonly height: number;
  readonly children: string;
}

function Door({ side, height, children }: DoorProps) {
  return (
    <span className="graph-door" style={{ [side]: 0, top: height / 2 - 12 }}>
      {children}
    </span>
  );
}
