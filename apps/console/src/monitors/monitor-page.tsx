import type { Monitor } from "@millwright/client";
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
import { AlertTable } from "./alert-table.tsx";
import { FeaturePanel } from "./feature-panel.tsx";
import { PerformancePanel } from "./performance-panel.tsx";

const COLUMNS: readonly DataColumn<Monitor>[] = [
  {
    name: "monitor",
    show: ({ name }) => (
      <Link to="/monitors/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { name: "state", show: ({ name }) => <MonitorState name={name} /> },
  { name: "alerts that stand", isNumber: true, show: ({ standing }) => standing },
  { name: "rules", wrap: true, show: ({ rules }) => rules.join(", ") },
  { name: "told to", show: ({ routes }) => routes.join(", ") },
  { name: "last run", show: ({ name }) => <LastRun name={name} /> },
];

function useMonitorNode(name: string) {
  const { road } = useLiveRoad();
  return road?.nodes.find(({ id }) => id === `monitor:${name}`);
}

function MonitorState({ name }: { readonly name: string }) {
  const node = useMonitorNode(name);
  return node === undefined ? null : <State state={node.state} />;
}

function LastRun({ name }: { readonly name: string }) {
  return <Ago atMs={useMonitorNode(name)?.doneAtMs ?? null} />;
}

export function MonitorsPage() {
  const monitors = useQuery({ queryKey: ["monitors"], queryFn: () => api.listMonitors() });
  const alerts = useQuery({ queryKey: ["alerts"], queryFn: () => api.listAlerts({ limit: 100 }) });
  return (
    <Page title="Monitors" docs="concepts/monitor.md">
      {monitors.error === null ? null : <Problem error={monitors.error} />}
      {monitors.data?.length === 0 ? (
        <Empty command={'export const drift = defineMonitor({ name: "drift", training: "my-training" });'}>
          A monitor compares what is scored and served with what the model learned on. Declare one in monitors/.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Monitors" rows={monitors.data ?? []} columns={COLUMNS} keyOf={({ name }) => name} />
        </div>
      )}
      {alerts.data === undefined || alerts.data.length === 0 ? null : (
        <Panel title="Alerts">
          <AlertTable alerts={alerts.data} />
        </Panel>
      )}
    </Page>
  );
}

export function MonitorPage() {
  const { name } = useParams({ from: "/monitors/$name" });
  const node = useMonitorNode(name);
  const { data, error } = useQuery({ queryKey: ["monitors", name], queryFn: () => api.showMonitor({ name }) });
  return (
    <Page
      docs="concepts/monitor.md"
      title={name}
      lead={node?.message ?? undefined}
      actions={node === undefined ? undefined : <State state={node.state} />}
    >
      {error === null ? null : <Problem error={error} />}
      {data?.results.length === 0 ? <Empty command="npx mill run">The monitor has not run yet.</Empty> : null}
      {data === undefined || data.results.length === 0 ? null : (
        <>
          {data.alerts.length === 0 ? (
            <p className="muted">No alert stands, and none did.</p>
          ) : (
            <Panel title="Alerts">
              <AlertTable alerts={data.alerts} />
            </Panel>
          )}
          <FeaturePanel results={data.results} trained={data.trained}>
            {data.performance.length === 0 ? null : <PerformancePanel days={data.performance} />}
          </FeaturePanel>
        </>
      )}
    </Page>
  );
}
