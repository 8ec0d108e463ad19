import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api.ts";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { AliasHistory } from "../models/alias-history.tsx";
import { LatencyPhases } from "./latency-phases.tsx";
import { LiveLoad, ServingState } from "./live-load.tsx";
import { RecentPredictions } from "./recent-predictions.tsx";
import { TrafficPanel } from "./traffic-panel.tsx";
import { TryIt } from "./try-it.tsx";

/** One service: asked from here, how its versions share its requests, how fast it answers, what it answered. */
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
          {data.model === null ? null : <LatencyPhases model={data.name} />}
          <RecentPredictions service={data.name} />
          {data.model === null ? null : <AliasHistory model={data.model} />}
        </>
      )}
    </Page>
  );
}
