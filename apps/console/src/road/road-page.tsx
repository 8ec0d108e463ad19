import type { Road, RoadNode } from "@millwright/client";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { duration } from "../format.ts";
import { useLiveRoad } from "../live-road.ts";
import { Empty } from "../parts/empty.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { useKey } from "../use-key.ts";
import { useNarrow } from "../use-narrow.ts";
import { useNow } from "../use-now.ts";
import "../styles/road.css";
import { Inspector } from "./inspector.tsx";
import { Graph } from "./graph.tsx";
import { RoadList } from "./road-list.tsx";
import { RunButton } from "./run-button.tsx";

/** The road is home: one graph, live, and what a person asks of the step they choose. */
export function RoadPage() {
  const { road, lostAtMs } = useLiveRoad();
  const { node: chosen, view } = useSearch({ from: "/" });
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const isNarrow = useNarrow();
  const isList = isNarrow || view === "list";
  const show = useCallback(
    (search: { readonly node?: string | undefined; readonly view?: "list" | undefined }) => {
      const { node, view: list } = search;
      const named = node === undefined ? {} : { node };
      void navigate({ to: "/", search: list === undefined ? named : { ...named, view: list } });
    },
    [navigate],
  );
  const choose = useCallback((id: string | undefined) => show({ node: id, view }), [show, view]);
  useKey({ key: "escape" }, () => choose(undefined));
  useEffect(() => {
    document.title = "Road · Millwright";
  }, []);
  const step = road?.nodes.find(({ id }) => id === chosen);
  return (
    <main className="page road-page">
      <div className="page-head">
        <div>
          <h1>{road?.project ?? "Road"}</h1>
          <div className="muted">{road?.description}</div>
        </div>
        {road === undefined ? null : (
          <div className="row">
            <RunState road={road} knownAtMs={lostAtMs} />
            <Filter text={text} onText={setText} />
            {isNarrow ? null : (
              <ViewSwitch isList={isList} onList={(list) => show({ node: chosen, view: list ? "list" : undefined })} />
            )}
            <RunButton road={road} chosen={chosen} />
          </div>
        )}
      </div>
      <div className="road">
        {road === undefined ? (
          <p className="empty" role="status">
            Reading the road…
          </p>
        ) : (
          <Drawn road={road} isList={isList} text={text} chosen={chosen} onChoose={choose} />
        )}
        {road === undefined || step === undefined ? null : (
          <Inspector road={road} step={step} onClose={() => choose(undefined)} />
        )}
      </div>
    </main>
  );
}

interface DrawnProps {
  readonly road: Road;
  readonly isList: boolean;
  readonly text: string;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

function Drawn({ isList, ...props }: DrawnProps) {
  if (props.road.nodes.length === 0)
    return (
      <Empty command="npx mill init shop --from sales.csv">
        This project has no steps yet. A source is declared in sources/, a model in models/; each becomes a step here.
        From a file of your own, a whole road is written by:
      </Empty>
    );
  return isList ? <RoadList {...props} /> : <Graph {...props} />;
}

function Filter({ text, onText }: { readonly text: string; readonly onText: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useKey({ key: "/" }, () => input.current?.focus());
  return (
    <input
      ref={input}
      className="field"
      type="search"
      aria-label="Filter steps"
      placeholder="Filter steps"
      value={text}
      onChange={(event) => onText(event.target.value)}
    />
  );
}

function ViewSwitch({ isList, onList }: { readonly isList: boolean; readonly onList: (isList: boolean) => void }) {
  return (
    <div className="switch" role="group" aria-label="How the road is shown">
      <button type="button" aria-pressed={!isList} onClick={() => onList(false)}>
        Graph
      </button>
      <button type="button" aria-pressed={isList} onClick={() => onList(true)}>
        List
      </button>
    </div>
  );
}

/** Of a step whose turn has not come, or not ended. */
const AHEAD: ReadonlySet<RoadNode["state"]> = new Set(["never", "waiting", "running"]);

interface RunStateProps {
  readonly road: Road;
  /** When it was last heard of, if it is no longer followed. */
  readonly knownAtMs: number | undefined;
}

function RunState({ road: { run, nodes }, knownAtMs }: RunStateProps) {
  const ticking = useNow(run?.state === "running" ? 250 : 10_000);
  const now = knownAtMs ?? ticking;
  if (run === null) return <span className="muted">no run since `mill up`</span>;
  // What an earlier run did counts once its turn has come in this one.
  const done = nodes.filter(({ state, runId }) => runId === run.runId && !AHEAD.has(state)).length;
  const isRunning = run.state === "running";
  return (
    <span className="row muted" role="status">
      <State state={run.state} />
      {`${isRunning ? `${done} of ${nodes.length} steps, ` : "in "}${duration(Math.max(0, (run.endedAtMs ?? now) - run.startedAtMs))}`}
      {isRunning || run.endedAtMs === null ? null : <Ago atMs={run.endedAtMs} />}
    </span>
  );
}
