import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";
import type { Road } from "@millwright/client";
import { api } from "../api.ts";
import { duration } from "../format.ts";
import { useLiveRoad } from "../live-road.ts";
import { Empty } from "../parts/empty.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { useKey } from "../use-key.ts";
import { useNow } from "../use-now.ts";
import "../styles/road.css";
import { Inspector } from "./inspector.tsx";
import { RoadGraph } from "./road-graph.tsx";
import { RunButton } from "./run-button.tsx";

/** The road is home: one graph, live, and what a person asks of the step they choose. */
export function RoadPage() {
  const { road } = useLiveRoad();
  const { node: chosen } = useSearch({ from: "/" });
  const navigate = useNavigate();
  const choose = useCallback(
    (id: string | undefined) => void navigate({ to: "/", search: id === undefined ? {} : { node: id } }),
    [navigate],
  );
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
            <RunState road={road} />
            <RunButton road={road} chosen={chosen} />
          </div>
        )}
      </div>
      <div className="road">
        {road === undefined ? null : <Graph road={road} chosen={chosen} onChoose={choose} />}
        {road === undefined || step === undefined ? null : (
          <Inspector road={road} step={step} onClose={() => choose(undefined)} />
        )}
      </div>
    </main>
  );
}

interface GraphProps {
  readonly road: Road;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

function Graph({ road, chosen, onChoose }: GraphProps) {
  const shape = road.nodes.map(({ id }) => id).join();
  const { data: layout } = useQuery({ queryKey: ["layout", shape], queryFn: () => api.layOutRoad() });
  if (road.nodes.length === 0)
    return (
      <Empty command="npx mill init flights --template flights">
        This project has no steps yet. Declare a source in sources/ and a model in models/, or start from a template.
      </Empty>
    );
  if (layout === undefined) return <div className="canvas" />;
  return <RoadGraph road={road} layout={layout} chosen={chosen} onChoose={onChoose} />;
}

function RunState({ road: { run, nodes } }: { readonly road: Road }) {
  const now = useNow(1_000);
  if (run === null) return <span className="muted">no run since `mill up`</span>;
  const done = nodes.filter(({ state }) => state !== "waiting" && state !== "running").length;
  const isRunning = run.state === "running";
  return (
    <span className="row muted" role="status">
      <State state={run.state} />
      {`${isRunning ? `${done} of ${nodes.length} steps, ` : "in "}${duration((run.endedAtMs ?? now) - run.startedAtMs)}`}
      {isRunning || run.endedAtMs === null ? null : <Ago atMs={run.endedAtMs} />}
    </span>
  );
}
