import type { Model } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { fixed } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { detailsOf } from "./details.ts";

const COLUMNS: readonly DataColumn<Model>[] = [
  {
    name: "model",
    sort: ({ name }) => name,
    show: ({ name }) => (
      <Link to="/models/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { name: "versions", isNumber: true, sort: ({ versions }) => versions, show: ({ versions }) => versions },
  { name: "champion", show: ({ champion }) => (champion === null ? "none" : `version ${champion.version}`) },
  { name: "test AUC", isNumber: true, show: ({ champion }) => fixed(detailsOf(champion).metrics?.["test"]?.["auc"]) },
  {
    name: "log loss",
    isNumber: true,
    show: ({ champion }) => fixed(detailsOf(champion).metrics?.["test"]?.["log_loss"]),
  },
  { name: "made", show: ({ champion }) => <Ago atMs={champion?.createdAtMs ?? null} /> },
];

export function ModelsPage() {
  const { data, error } = useQuery({ queryKey: ["models"], queryFn: () => api.listModels() });
  return (
    <Page title="Models">
      {error === null ? null : <Problem error={error} />}
      {data?.length === 0 ? (
        <Empty command="npx mill run --select +late-flights">
          Each version that a training registers stands here, with its metrics and gates.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Models" rows={data ?? []} columns={COLUMNS} keyOf={({ name }) => name} />
        </div>
      )}
    </Page>
  );
}
