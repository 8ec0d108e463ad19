import type { Road, RoadNode } from "@millwright/client";
import { useState } from "react";
import { count, duration } from "../format.ts";
import { Empty } from "../parts/empty.tsx";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { keyFact, matches, stageOf, STAGES } from "./facts.ts";

const SHOWN_MAX = 300;

interface RoadListProps {
  readonly road: Road;
  readonly text: string;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The road as a list, stage by stage: what a narrow window shows, and whoever would rather read than look. */
export function RoadList({ road, text, chosen, onChoose }: RoadListProps) {
  const found = road.nodes.filter((step) => matches(step, text));
  const stages = Map.groupBy(found, stageOf);
  if (found.length === 0) return <Empty>No step has “{text}” in its name.</Empty>;
  return (
    <div className="road-list scroll" tabIndex={0} role="region" aria-label="The road as a list">
      {STAGES.filter((stage) => stages.has(stage)).map((stage) => (
        <Stage key={stage} name={stage} steps={stages.get(stage) ?? []} chosen={chosen} onChoose={onChoose} />
      ))}
    </div>
  );
}

interface StageProps extends Pick<RoadListProps, "chosen" | "onChoose"> {
  readonly name: string;
  readonly steps: readonly RoadNode[];
}

/** The steps of one stage; of very many the first, and more when they are asked for. */
function Stage({ name, steps, chosen, onChoose }: StageProps) {
  const [most, setMost] = useState(SHOWN_MAX);
  const left = steps.length - most;
  return (
    <section aria-label={name}>
      <h2>
        {name} <span className="muted">{count(steps.length)}</span>
      </h2>
      <ul>
        {steps.slice(0, most).map((step) => (
          <ListedStep key={step.id} step={step} isChosen={step.id === chosen} onChoose={onChoose} />
        ))}
      </ul>
      {left <= 0 ? null : (
        <button type="button" className="button quiet" onClick={() => setMost(most + SHOWN_MAX)}>
          {count(Math.min(left, SHOWN_MAX))} more of {count(left)}; or filter by a part of the name
        </button>
      )}
    </section>
  );
}

interface ListedStepProps {
  readonly step: RoadNode;
  readonly isChosen: boolean;
  readonly onChoose: (id: string | undefined) => void;
}

function ListedStep({ step, isChosen, onChoose }: ListedStepProps) {
  return (
    <li>
      <button
        type="button"
        className={`listed${isChosen ? " chosen" : ""}`}
        aria-pressed={isChosen}
        onClick={() => onChoose(isChosen ? undefined : step.id)}
      >
        <Icon name={step.kind} size={14} />
        <Middle text={step.name} />
        <span className="fact">{keyFact(step)}</span>
        <State state={step.state} />
        <span className="muted took">{duration(step.tookMs)}</span>
        <span className="muted when">
          <Ago atMs={step.doneAtMs} />
        </span>
      </button>
    </li>
  );
}
