import type { Model } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { detailsOf, mainMetric, type VersionDetails } from "./details.ts";
import { figure, isBetter, metricTitle } from "./metric-words.ts";

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
  { name: "on the test rows", show: ({ champion }) => inAWord(detailsOf(champion)) },
  { name: "best baseline", show: ({ champion }) => <BestBaseline details={detailsOf(champion)} /> },
  { name: "made", show: ({ champion }) => <Ago atMs={champion?.createdAtMs ?? null} /> },
];

function inAWord(details: VersionDetails): string {
  const metric = mainMetric(details);
  const value = details.metrics?.["test"]?.[metric];
  return value === undefined ? "–" : `${metricTitle(metric)} ${figure(value)}`;
}

/** The baseline that is the hardest to beat. */
function BestBaseline({ details }: { readonly details: VersionDetails }) {
  const metric = mainMetric(details);
  const values = (details.baselines ?? []).flatMap(({ title, metrics }) => {
    const value = metrics[metric];
    return value === undefined ? [] : [{ title, value }];
  });
  const [best] = values.toSorted((one, other) => (isBetter(metric, one.value - other.value) === true ? -1 : 1));
  if (best === undefined) return <>–</>;
  return (
    <>
      {figure(best.value)} <span className="muted">{best.title}</span>
    </>
  );
}

export function ModelsPage() {
  const { data, error } = useQuery({ queryKey: ["models"], queryFn: () => api.listModels() });
  return (
    <Page title="Models" docs="concepts/model-version.md">
      {error === null ? null : <Problem error={error} />}
      {data?.length === 0 ? (
        <Empty command="npx mill run">
          Each version that a training registers stands here, with its metrics and gates. A training is declared in
          training/, with defineTraining.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Models" rows={data ?? []} columns={COLUMNS} keyOf={({ name }) => name} />
        </div>
      )}
    </Page>
  );
}
