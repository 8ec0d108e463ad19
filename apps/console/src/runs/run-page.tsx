import type { RunReport } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { api } from "../api.ts";
import { duration, exactTime } from "../format.ts";
import { Page } from "../parts/page.tsx";
import { Problem, ProblemDetails } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { RunComparison } from "./run-comparison.tsx";
import { Timeline } from "./timeline.tsx";

const FOLLOW_MS = 1_000;

/** One run: when each step began, how long it took, and what it said. A run under way is followed. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { against } = useSearch({ from: "/runs/$runId" });
  const { data, error } = useQuery({
    queryKey: ["runs", runId],
    queryFn: () => api.showRun({ runId }),
    refetchInterval: ({ state }) => (state.data?.state === "running" ? FOLLOW_MS : false),
  });
  const other = useQuery({
    queryKey: ["runs", against],
    queryFn: () => api.showRun({ runId: against ?? "" }),
    enabled: against !== undefined,
  });
  return (
    <Page
      docs="concepts/run.md"
      title={data === undefined ? "Run" : `Run of ${exactTime(data.startedAtMs)}`}
      lead={data === undefined ? undefined : <Lead run={data} />}
      actions={
        data === undefined ? undefined : (
          <>
            <State state={data.state} />
            <Against runId={runId} against={against} />
          </>
        )
      }
    >
      {error === null ? null : <Problem error={error} />}
      {other.error === null ? null : <Problem error={other.error} />}
      {data === undefined ? null : (
        <>
          <Failures run={data} />
          {other.data === undefined || against === undefined ? null : <RunComparison run={data} against={other.data} />}
          <Timeline run={data} />
        </>
      )}
    </Page>
  );
}

function Lead({ run: { runId, trigger, branch, startedAtMs, endedAtMs } }: { readonly run: RunReport }) {
  return (
    <>
      <span className="mono">{runId}</span>, by {trigger}
      {branch === "main" ? null : (
        <>
          , on the branch{" "}
          <Link to="/branches/$name" params={{ name: branch }}>
            {branch}
          </Link>
        </>
      )}
      , begun <Ago atMs={startedAtMs} />
      {endedAtMs === null ? "" : `, took ${duration(endedAtMs - startedAtMs)}`}
    </>
  );
}

interface AgainstProps {
  readonly runId: string;
  readonly against: string | undefined;
}

/** Another run to be shown beside this one. */
function Against({ runId, against }: AgainstProps) {
  const navigate = useNavigate();
  const { data } = useQuery({ queryKey: ["runs", "to compare"], queryFn: () => api.listRuns({ limit: 50 }) });
  const others = (data ?? []).filter((run) => run.runId !== runId);
  if (others.length === 0) return null;
  const isKnown = others.some((run) => run.runId === against);
  const choose = (other: string) =>
    void navigate({ to: "/runs/$runId", params: { runId }, search: other === "" ? {} : { against: other } });
  return (
    <select
      className="field"
      aria-label="Compare with another run"
      value={isKnown ? against : ""}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="">Compare with…</option>
      {others.map(({ runId: other, startedAtMs, endedAtMs, state }) => (
        <option key={other} value={other}>
          {exactTime(startedAtMs)}, {state}
          {endedAtMs === null ? "" : `, ${duration(endedAtMs - startedAtMs)}`}
        </option>
      ))}
    </select>
  );
}

function Failures({ run: { tasks } }: { readonly run: RunReport }) {
  return tasks.map(({ id, name, error }) =>
    error === null ? null : (
      <section key={id} aria-label={`What ${name} failed of`} className="stack">
        <h2>{name}</h2>
        <ProblemDetails problem={error} />
      </section>
    ),
  );
}
