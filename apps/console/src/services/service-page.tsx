import type { Service } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { AliasHistory } from "../models/alias-history.tsx";
import { LiveLoad, ServingState } from "./live-load.tsx";
import { RecentPredictions } from "./recent-predictions.tsx";
import { TrafficPanel } from "./traffic-panel.tsx";
import { TryIt } from "./try-it.tsx";

const COLUMNS: readonly DataColumn<Service>[] = [
  {
    name: "service",
    show: ({ name }) => (
      <Link to="/services/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  {
    name: "model",
    show: ({ model, version }) =>
      model === null ? (
        <span>a function, version {version}</span>
      ) : (
        <Link to="/models/$name" params={{ name: model }}>
          {model} version {version}
        </Link>
      ),
  },
  { name: "address", show: ({ url }) => <span className="mono">{url ?? "not up"}</span> },
];

export function ServicesPage() {
  const { data, error } = useQuery({ queryKey: ["services"], queryFn: () => api.listServices() });
  return (
    <Page title="Services" docs="concepts/service.md">
      {error === null ? null : <Problem error={error} />}
      {data?.length === 0 ? (
        <Empty command="npx mill run">
          A service stands here once its model has a champion: a version whose gates hold.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Services" rows={data ?? []} columns={COLUMNS} keyOf={({ name }) => name} />
        </div>
      )}
    </Page>
  );
}

export function ServicePage() {
  const { name } = useParams({ from: "/services/$name" });
  const { data, error } = useQuery({ queryKey: ["services", name], queryFn: () => api.showService({ name }) });
  return (
    <Page
      docs="concepts/service.md"
      actions={<ServingState />}
      title={name}
      lead={
        data === undefined ? undefined : data.model === null ? (
          <>a function of the project, version {data.version}</>
        ) : (
          <>
            answers with{" "}
            <Link to="/models/$name" params={{ name: data.model }}>
              {data.model} version {data.version}
            </Link>
          </>
        )
      }
    >
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : <TryIt key={data.name} service={data} />}
      {data === undefined ? null : (
        <>
          {data.model === null ? null : <TrafficPanel service={data.name} model={data.model} />}
          <LiveLoad />
          <RecentPredictions service={data.name} />
          {data.model === null ? null : <AliasHistory model={data.model} />}
        </>
      )}
    </Page>
  );
}
