import type { ControlProblem } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import { problemOf } from "../api.ts";
import { useLiveRoad } from "../live-road.ts";

/** An error as everywhere: code, cause, remedy. */
export function Problem({ error }: { readonly error: unknown }) {
  const { lostAtMs } = useLiveRoad();
  const problem = problemOf(error);
  // It is told once, in a corner of every page, and mends itself.
  if (problem.code === "console/unreachable" && lostAtMs !== undefined)
    return <p className="body muted">Not known until the control process answers again.</p>;
  return <ProblemDetails problem={problem} />;
}

export function ProblemDetails({
  problem,
}: {
  readonly problem: Pick<ControlProblem, "title" | "code" | "detail" | "remedy">;
}) {
  return (
    <div className="problem" role="alert">
      <strong>{problem.title}</strong>
      <dl>
        <dt>code</dt>
        <dd>
          <Link to="/docs/$" params={{ _splat: "reference/errors.md" }} hash={problem.code.replaceAll(/[^\w-]/g, "")}>
            <code>{problem.code}</code>
          </Link>
        </dd>
        <dt>cause</dt>
        <dd>{problem.detail}</dd>
        <dt>remedy</dt>
        <dd>{problem.remedy}</dd>
      </dl>
    </div>
  );
}
