import type { Road, RoadNode } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { duration } from "../format.ts";
import { Bars } from "../parts/bars.tsx";
import { Icon } from "../parts/icons.tsx";
import { ProblemDetails } from "../parts/problem.tsx";
import { CopyButton } from "../parts/snippet.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { factRows, kindName } from "./facts.ts";
import { RowsTrend } from "./rows-trend.tsx";

interface InspectorProps {
  readonly road: Road;
  readonly step: RoadNode;
  readonly onClose: () => void;
}

/** What a person asks of a step first: what is in it, is it healthy, what made it, what uses it, what did it say. */
export function Inspector({ road, step, onClose }: InspectorProps) {
  const attached = road.nodes.filter(({ attachedTo }) => attachedTo === step.id);
  return (
    <aside className="inspector" aria-label={`About ${step.name}`}>
      <header>
        <div>
          <h2>{step.name}</h2>
          <div className="muted">{kindName(step.kind)}</div>
        </div>
        <button type="button" className="button quiet" onClick={onClose} aria-label="Close">
          <Icon name="close" size={14} />
        </button>
      </header>
      <Health step={step} />
      <Inside step={step} />
      <RowsTrend step={step} />
      {attached.length === 0 ? null : (
        <section aria-label="Checks">
          <h3>What must hold of it</h3>
          <StepList steps={attached} />
        </section>
      )}
      <Origin road={road} step={step} />
      <Uses road={road} step={step} />
      <Times step={step} />
    </aside>
  );
}

function Health({ step }: { readonly step: RoadNode }) {
  const { state, message, error, progress, doneAtMs } = step;
  return (
    <section aria-label="Health">
      <div className="row between">
        <State state={state} />
        <span className="muted">
          last done <Ago atMs={doneAtMs} />
        </span>
      </div>
      {progress === null ? null : <p className="muted">{progress.message}</p>}
      {error !== null ? (
        <ProblemDetails problem={error} />
      ) : message === null || state === "unchanged" ? null : (
        <p>{message}</p>
      )}
      <Link to="/logs" search={{ step: step.id }}>
        What it said
      </Link>
    </section>
  );
}

function Inside({ step }: { readonly step: RoadNode }) {
  const facts = factRows(step);
  const { description } = step.place ?? { description: "" };
  return (
    <section aria-label="What is in it">
      {description === "" ? null : <p>{description}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <PageLink step={step} />
    </section>
  );
}

/** Where more of it is told. */
function PageLink({ step: { kind, name } }: { readonly step: RoadNode }) {
  if (kind === "source" || kind === "table" || kind === "scoring")
    return (
      <Link to="/tables/$name" params={{ name }}>
        Columns, snapshots and rows
      </Link>
    );
  if (kind === "training")
    return (
      <Link to="/models/$name" params={{ name }}>
        Versions, gates and importance
      </Link>
    );
  if (kind === "service")
    return (
      <Link to="/services/$name" params={{ name }}>
        Try it
      </Link>
    );
  if (kind === "monitor")
    return (
      <Link to="/monitors/$name" params={{ name }}>
        Stability by feature and day
      </Link>
    );
  return null;
}

function Origin({ road, step }: { readonly road: Road; readonly step: RoadNode }) {
  const upstream = road.edges.filter(({ to, isGate }) => to === step.id && !isGate).map(({ from }) => from);
  const place = step.place === null ? undefined : `${step.place.file}:${step.place.line}`;
  return (
    <section aria-label="What made it">
      <h3>What made it</h3>
      {place === undefined ? null : (
        <div className="row between">
          <code>{place}</code>
          <CopyButton text={place} />
        </div>
      )}
      <StepList steps={stepsOf(road, upstream)} />
    </section>
  );
}

function Uses({ road, step }: { readonly road: Road; readonly step: RoadNode }) {
  const downstream = road.edges.filter(({ from, isGate }) => from === step.id && !isGate).map(({ to }) => to);
  return (
    <section aria-label="What uses it">
      <h3>What uses it</h3>
      {downstream.length === 0 ? <p className="muted">Nothing on the road.</p> : null}
      <StepList steps={stepsOf(road, downstream)} />
    </section>
  );
}

function stepsOf(road: Road, ids: readonly string[]): readonly RoadNode[] {
  const wanted = new Set(ids);
  return road.nodes.filter(({ id }) => wanted.has(id));
}

function StepList({ steps }: { readonly steps: readonly RoadNode[] }): ReactNode {
  return (
    <ul>
      {steps.map((step) => (
        <li key={step.id} className="row between">
          <Link to="/" search={{ node: step.id }} className="row">
            <Icon name={step.kind} size={14} />
            {step.name}
          </Link>
          <State state={step.state} />
        </li>
      ))}
    </ul>
  );
}

function Times({ step: { tookMs, history } }: { readonly step: RoadNode }) {
  if (history.length === 0 || tookMs === null) return null;
  return (
    <section aria-label="How long it takes">
      <div className="row between">
        <h3>How long it takes</h3>
        <span>{duration(tookMs)}</span>
      </div>
      {history.length < 2 ? null : <Bars bars={history.map((value) => ({ value, title: duration(value) }))} />}
    </section>
  );
}
