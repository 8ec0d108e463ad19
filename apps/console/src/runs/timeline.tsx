import type { RunReport, TaskReport } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import { duration } from "../format.ts";
import { useLiveRoad } from "../live-road.ts";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { endOf, longestPath } from "./longest-path.ts";

const MARKS = [0, 0.25, 0.5, 0.75, 1] as const;

/** When each step began and how long it took; those that the run waited for are told apart. */
export function Timeline({ run }: { readonly run: RunReport }) {
  const { road } = useLiveRoad();
  const ran = run.tasks.filter(({ startedAtMs }) => startedAtMs !== null);
  const left = run.tasks.length - ran.length;
  const isSaid = ran.some(({ message, error }) => message !== null || error !== null);
  const end = run.endedAtMs ?? Math.max(run.startedAtMs, ...ran.map(endOf));
  const whole = Math.max(1, end - run.startedAtMs);
  const path = longestPath(run.tasks, road?.edges ?? []);
  const waitedFor = new Set(path.map(({ id }) => id));
  const pathMs = path.reduce((sum, { tookMs }) => sum + (tookMs ?? 0), 0);
  return (
    <Panel
      title="Steps in the order of their beginning"
      aside={
        <span className="row muted">
          {path.length < 2 ? null : (
            <span className="legend">
              <i /> the longest path: {path.length} steps, {duration(pathMs)} of {duration(whole)}
            </span>
          )}
          {left === 0 ? "" : `${left} had nothing to do or did not begin`}
        </span>
      }
    >
      <div className="scroll" tabIndex={0} role="region" aria-label="Steps of the run">
        <table className="data timeline">
          <thead>
            <tr>
              <th>step</th>
              <th>state</th>
              <th className="number">took</th>
              <th className="span">
                <span className="marks">
                  {MARKS.map((mark) => (
                    <span key={mark}>{duration(mark * whole)}</span>
                  ))}
                </span>
              </th>
              <th>log</th>
              {isSaid ? <th>said</th> : null}
            </tr>
          </thead>
          <tbody>
            {ran
              .toSorted((one, other) => (one.startedAtMs ?? 0) - (other.startedAtMs ?? 0))
              .map((task) => (
                <Row
                  key={task.id}
                  task={task}
                  run={run}
                  wholeMs={whole}
                  isWaitedFor={waitedFor.has(task.id)}
                  isSaid={isSaid}
                />
              ))}
          </tbody>
        </table>
      </div>
      {ran.length === 0 ? <p className="body muted">Every step was as at its last success: nothing ran.</p> : null}
    </Panel>
  );
}

interface RowProps {
  readonly task: TaskReport;
  readonly run: RunReport;
  readonly wholeMs: number;
  readonly isWaitedFor: boolean;
  /** Whether a step of the run said something. */
  readonly isSaid: boolean;
}

function Row({ task, run: { startedAtMs: startMs }, wholeMs, isWaitedFor, isSaid }: RowProps) {
  const begun = (task.startedAtMs ?? startMs) - startMs;
  const left = (begun / wholeMs) * 100;
  const width = Math.max(0.4, ((task.tookMs ?? 0) / wholeMs) * 100);
  return (
    <tr>
      <td>
        <Link to="/" search={{ node: task.id }} className="row tight bound">
          <Icon name={task.kind} size={14} />
          <Middle text={task.name} />
        </Link>
      </td>
      <td>
        <State state={task.state} />
      </td>
      <td className="number">{duration(task.tookMs)}</td>
      <td className="span" title={`begun after ${duration(begun)}, took ${duration(task.tookMs)}`}>
        <i
          className={isWaitedFor ? "waited-for" : undefined}
          style={{ marginLeft: `${Math.min(99, left)}%`, width: `${Math.min(100 - left, width)}%` }}
        />
      </td>
      <td>
        <Link to="/logs" search={{ step: task.id }} aria-label={`Log of ${task.name}`}>
          log
        </Link>
      </td>
      {isSaid ? <td className="wrap">{task.error === null ? task.message : "failed: what of is told above"}</td> : null}
    </tr>
  );
}
