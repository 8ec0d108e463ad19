import type { RunReport, TaskReport } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api.ts";
import { duration, exactTime } from "../format.ts";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem, ProblemDetails } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";

const FOLLOW_MS = 1_000;

/** One run: when each step began, how long it took, and what it said. A run under way is followed. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { data, error } = useQuery({
    queryKey: ["runs", runId],
    queryFn: () => api.showRun({ runId }),
    refetchInterval: ({ state }) => (state.data?.state === "running" ? FOLLOW_MS : false),
  });
  return (
    <Page
      docs="concepts/run.md"
      title={data === undefined ? "Run" : `Run of ${exactTime(data.startedAtMs)}`}
      lead={
        data === undefined ? undefined : (
          <>
            <span className="mono">{runId}</span>, by {data.trigger}, begun <Ago atMs={data.startedAtMs} />
            {data.endedAtMs === null ? "" : `, took ${duration(data.endedAtMs - data.startedAtMs)}`}
          </>
        )
      }
      actions={data === undefined ? undefined : <State state={data.state} />}
    >
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : (
        <>
          <Failures run={data} />
          <Timeline run={data} />
        </>
      )}
    </Page>
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

function Timeline({ run }: { readonly run: RunReport }) {
  const ran = run.tasks.filter(({ startedAtMs }) => startedAtMs !== null);
  const left = run.tasks.length - ran.length;
  const end = run.endedAtMs ?? Math.max(run.startedAtMs, ...ran.map(endOf));
  const whole = Math.max(1, end - run.startedAtMs);
  return (
    <Panel
      title="Steps in the order of their beginning"
      aside={<span className="muted">{left === 0 ? "" : `${left} had nothing to do or did not begin`}</span>}
    >
      <div className="scroll" tabIndex={0} role="region" aria-label="Steps of the run">
        <table className="data timeline">
          <tbody>
            {ran
              .toSorted((one, other) => (one.startedAtMs ?? 0) - (other.startedAtMs ?? 0))
              .map((task) => (
                <TimelineRow key={task.id} task={task} startMs={run.startedAtMs} wholeMs={whole} />
              ))}
          </tbody>
        </table>
      </div>
      {ran.length === 0 ? <p className="body muted">Every step was as at its last success: nothing ran.</p> : null}
    </Panel>
  );
}

interface TimelineRowProps {
  readonly task: TaskReport;
  readonly startMs: number;
  readonly wholeMs: number;
}

function TimelineRow({ task, startMs, wholeMs }: TimelineRowProps) {
  const begun = (task.startedAtMs ?? startMs) - startMs;
  const left = (begun / wholeMs) * 100;
  const width = Math.max(0.4, ((task.tookMs ?? 0) / wholeMs) * 100);
  return (
    <tr>
      <td>
        <Link to="/" search={{ node: task.id }} className="row tight">
          <Icon name={task.kind} size={14} />
          <Middle text={task.name} />
        </Link>
      </td>
      <td>
        <State state={task.state} />
      </td>
      <td className="number">{duration(task.tookMs)}</td>
      <td className="span" title={`begun after ${duration(begun)}, took ${duration(task.tookMs)}`}>
        <i style={{ marginLeft: `${Math.min(99, left)}%`, width: `${Math.min(100 - left, width)}%` }} />
      </td>
      <td className="wrap">{task.message ?? ""}</td>
    </tr>
  );
}

function endOf({ startedAtMs, tookMs }: TaskReport): number {
  return (startedAtMs ?? 0) + (tookMs ?? 0);
}
