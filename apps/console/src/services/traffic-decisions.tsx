import type { TrafficDecision } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";

const SHOWN = 12;
const EVERY_MS = 5_000;

const WORDS: Readonly<Record<TrafficDecision["kind"], string>> = {
  defined: "as defined",
  set: "set by hand",
  begin: "rollout began",
  step: "next step",
  promote: "promoted",
  rollback: "rolled back",
};
const TONES: Readonly<Record<TrafficDecision["kind"], string>> = {
  defined: "idle",
  set: "busy",
  begin: "busy",
  step: "busy",
  promote: "good",
  rollback: "bad",
};

/** What was decided of a service's traffic, newest first: by whom, why, and by which numbers. */
export function TrafficDecisions({ service }: { readonly service: string }) {
  const { data } = useQuery({
    queryKey: ["traffic", service, "decisions"],
    queryFn: () => api.listTrafficDecisions({ name: service }),
    refetchInterval: EVERY_MS,
  });
  const decisions = (data ?? []).slice(0, SHOWN);
  if (decisions.length === 0) return null;
  return (
    <Panel title="Decisions about its traffic">
      <ol className="body decisions">
        {decisions.map((decision) => (
          <Decision key={decision.id} decision={decision} />
        ))}
      </ol>
    </Panel>
  );
}

function Decision({ decision }: { readonly decision: TrafficDecision }) {
  const { kind, by, reason, weights, versions, numbers, decidedAtMs } = decision;
  const shares = Object.entries(weights).map(([name, weight]) => {
    const version = versions[name];
    return `${name}${version === undefined ? "" : ` (version ${version})`} ${weight}%`;
  });
  const { variant } = numbers as { readonly variant?: { readonly requests?: number } };
  return (
    <li className={TONES[kind]}>
      <div className="row">
        <strong>{WORDS[kind]}</strong>
        <span>{shares.join(", ")}</span>
      </div>
      <div className="muted">
        {reason}
        {variant?.requests === undefined ? "" : `, after ${variant.requests} requests`} · {by} ·{" "}
        <Ago atMs={decidedAtMs} />
      </div>
    </li>
  );
}
