import type { Traffic } from "@millwright/client";
import { count } from "../format.ts";
import { State, type StateName } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";

type Rollout = NonNullable<Traffic["rollout"]>;
type Measured = NonNullable<Rollout["numbers"]>["primary"];

const PHASES: Readonly<Record<Rollout["phase"], StateName>> = {
  waiting: "waiting",
  progressing: "running",
  promoted: "done",
  "rolled-back": "failed",
  "taken-over": "cancelled",
};
const WORDS: Readonly<Record<Rollout["phase"], string>> = {
  waiting: "waits for a new version",
  progressing: "under way",
  promoted: "promoted",
  "rolled-back": "rolled back",
  "taken-over": "decided by hand",
};

/** How far a new version is rolled out, and what it is judged by. */
export function RolloutSteps({ rollout }: { readonly rollout: Rollout }) {
  const { variant, version, steps, step, phase, reason, stepSinceMs, numbers } = rollout;
  const reached = phase === "promoted" ? steps.length : phase === "progressing" ? step + 1 : 0;
  return (
    <div className="body stack" aria-label="Rollout">
      <div className="row">
        <strong>
          Rollout of {variant}
          {version === null ? "" : `, version ${version}`}
        </strong>
        <State state={PHASES[phase]} word={WORDS[phase]} />
        <span className="muted">
          {reason}
          {phase === "progressing" ? (
            <>
              ; this step began <Ago atMs={stepSinceMs} />
            </>
          ) : null}
        </span>
      </div>
      <ol className="steps">
        {steps.map((percent, at) => (
          <li
            key={percent}
            className={at < reached ? "reached" : undefined}
            aria-current={phase === "progressing" && at === step ? "step" : undefined}
          >
            {percent}%
          </li>
        ))}
      </ol>
      {numbers === null ? null : <Numbers rollout={rollout} numbers={numbers} />}
    </div>
  );
}

interface NumbersProps {
  readonly rollout: Rollout;
  readonly numbers: NonNullable<Rollout["numbers"]>;
}

function Numbers({ rollout: { variant, gates, requestsMin, labels }, numbers }: NumbersProps) {
  const { primary, variant: other, drift, labels: labelled } = numbers;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="What the rollout is judged by">
      <table className="data">
        <thead>
          <tr>
            <th>in this step</th>
            <th className="number">the service’s own</th>
            <th className="number">{variant}</th>
            <th>gate</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>requests</td>
            <td className="number">{count(primary.requests)}</td>
            <td className="number">{count(other.requests)}</td>
            <td className="muted">{count(requestsMin)} at least</td>
          </tr>
          <tr>
            <td>failed</td>
            <td className="number">{failed(primary)}</td>
            <td className="number">{failed(other)}</td>
            <td className="muted">{(gates.errorRate * 100).toFixed(1)}% more at most</td>
          </tr>
          <tr>
            <td>99th percentile</td>
            <td className="number">{latency(primary)}</td>
            <td className="number">{latency(other)}</td>
            <td className="muted">{gates.latencyP99} times at most</td>
          </tr>
          <tr>
            <td>drift of the answers</td>
            <td className="number">–</td>
            <td className="number">{drift === null ? "–" : drift.toFixed(3)}</td>
            <td className="muted">{gates.drift} at most</td>
          </tr>
          {labels === null ? null : (
            <>
              <tr>
                <td>labels, since it began</td>
                <td className="number">{count(labelled?.primary.labels ?? 0)}</td>
                <td className="number">{count(labelled?.variant.labels ?? 0)}</td>
                <td className="muted">{count(labels.labelsMin)} at least</td>
              </tr>
              <tr>
                <td>{labels.metric}</td>
                <td className="number">{labelled?.primary.value?.toFixed(4) ?? "–"}</td>
                <td className="number">{labelled?.variant.value?.toFixed(4) ?? "–"}</td>
                <td className="muted">{labels.worseBy} worse at most</td>
              </tr>
            </>
          )}
        </tbody>
      </table>
    </div>
  );
}

function failed({ errorRate }: Measured): string {
  return errorRate === null ? "–" : `${(errorRate * 100).toFixed(2)}%`;
}

function latency({ latencyP99Ms }: Measured): string {
  return latencyP99Ms === null ? "–" : `${latencyP99Ms.toFixed(2)} ms`;
}
