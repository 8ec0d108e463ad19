import type { RoadNode } from "@millwright/client";
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { duration, exactTime, shortAgo, shortDuration } from "../format.ts";
import { Icon } from "../parts/icons.tsx";
import { Breakable } from "../parts/middle.tsx";
import { Sparkline } from "../parts/sparkline.tsx";
import { lookOf } from "../parts/state.tsx";
import { useNow } from "../use-now.ts";
import { keyFact, kindName, worstOf } from "./facts.ts";

export type DrawnNode = Node<
  {
    readonly step: RoadNode;
    /** Its tests and checks. */
    readonly attached: readonly RoadNode[];
    readonly isChosen: boolean;
    /** Whether something else is looked for. */
    readonly isAside: boolean;
    readonly onChoose: () => void;
  },
  "step"
>;

/** One step of the road, drawn. */
export function StepNode({ data: { step, attached, isChosen, isAside, onChoose } }: NodeProps<DrawnNode>) {
  const { tone, icon, word } = lookOf(step.state);
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        className={`node nopan ${tone}${isChosen ? " chosen" : ""}${isAside ? " aside" : ""}`}
        aria-pressed={isChosen}
        onClick={onChoose}
      >
        <span className="name">
          <Icon name={step.kind} size={14} />
          <span className="unseen">{kindName(step.kind)} </span>
          <span className="words" title={step.name}>
            <Breakable text={step.name} />
          </span>
        </span>
        <span className="line">
          <span className={`state ${tone}`}>
            <Icon name={icon} size={12} />
            {step.state === "unchanged" ? "done" : word}
          </span>
          <Attached checks={attached} />
          <Freshness step={step} />
        </span>
        <span className="line">
          <span className="fact">{keyFact(step)}</span>
          <span>{step.state === "running" ? null : shortDuration(step.tookMs)}</span>
        </span>
        {step.state === "running" ? <Progress step={step} /> : <Sparkline values={step.history} />}
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

/** While it runs, for how long; else how long ago it was done. */
function Freshness({ step: { state, startedAtMs, tookMs, doneAtMs } }: { readonly step: RoadNode }) {
  const isRunning = state === "running" && startedAtMs !== null;
  const now = useNow(isRunning ? 250 : 10_000);
  if (isRunning) return <span>{duration(Math.max(0, now - startedAtMs))}</span>;
  if (doneAtMs === null) return null;
  return <span title={`took ${duration(tookMs)}, done ${exactTime(doneAtMs)}`}>{shortAgo(doneAtMs, now)}</span>;
}

/** How a table's tests and checks stand, the worst of them. */
function Attached({ checks }: { readonly checks: readonly RoadNode[] }) {
  const worst = worstOf(checks);
  if (worst === undefined) return null;
  const { tone, word } = lookOf(worst.state);
  return (
    <span className={`state attached ${tone}`} title={`checks: ${word}`}>
      <Icon name="checks" size={13} />
    </span>
  );
}

function Progress({ step: { state, progress } }: { readonly step: RoadNode }) {
  if (state !== "running" || progress?.done === undefined || progress.total === undefined) return null;
  return (
    <span className="progress">
      <i style={{ width: `${Math.min(100, (progress.done / progress.total) * 100)}%` }} />
    </span>
  );
}
