import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api.ts";
import { useLiveRoad } from "../live-road.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import type { RoadNode } from "@millwright/client";
import { StabilityMap } from "./stability-map.tsx";

const COLUMNS: readonly DataColumn<RoadNode>[] = [
  {
    name: "monitor",
    show: ({ name }) => (
      <Link to="/monitors/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { name: "state", show: ({ state }) => <State state={state} /> },
  { name: "alerts", isNumber: true, show: ({ facts }) => facts["alerts"] ?? "–" },
  { name: "last run", show: ({ doneAtMs }) => <Ago atMs={doneAtMs} /> },
];

export function MonitorsPage() {
  const { road } = useLiveRoad();
  const monitors = road?.nodes.filter(({ kind }) => kind === "monitor") ?? [];
  return (
    <Page title="Monitors" docs="concepts/monitor.md">
      {road !== undefined && monitors.length === 0 ? (
        <Empty command={'export const drift = defineMonitor({ name: "drift", training: "my-training" });'}>
          A monitor compares what is scored with what the model learned on. Declare one in monitors/.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Monitors" rows={monitors} columns={COLUMNS} keyOf={({ id }) => id} />
        </div>
      )}
    </Page>
  );
}

export function MonitorPage() {
  const { name } = useParams({ from: "/monitors/$name" });
  const { road } = useLiveRoad();
  const node = road?.nodes.find(({ id }) => id === `monitor:${name}`);
  const { data, error } = useQuery({ queryKey: ["monitors", name], queryFn: () => api.showMonitor({ name }) });
  return (
    <Page
      docs="concepts/monitor.md"
      title={name}
      lead={node?.message ?? undefined}
      actions={node === undefined ? undefined : <State state={node.state} />}
    >
      {error === null ? null : <Problem error={error} />}
      {data?.results.length === 0 ? (
        <Empty command="npx mill run">The monitor has not run yet.</Empty>
      ) : (
        <Panel title="Stability index of each feature, by day" aside={<Legend />}>
          <StabilityMap results={data?.results ?? []} />
        </Panel>
      )}
    </Page>
  );
}

function Legend() {
  return <span className="muted">below 0.1 stable · 0.1 to 0.25 moving · above 0.25 shifted</span>;
}
