import type { Traffic } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { ChangeTraffic } from "./change-traffic.tsx";
import { RolloutSteps } from "./rollout-steps.tsx";
import { TrafficDecisions } from "./traffic-decisions.tsx";

const EVERY_MS = 2_000;

interface TrafficPanelProps {
  readonly service: string;
  readonly model: string;
}

/** Which versions share a service's requests, what each has answered, and what was decided of that. */
export function TrafficPanel({ service, model }: TrafficPanelProps) {
  const [isOpen, setOpen] = useState(false);
  const traffic = useQuery({
    queryKey: ["traffic", service],
    queryFn: () => api.showTraffic({ name: service }),
    refetchInterval: EVERY_MS,
  });
  const { data } = traffic;
  return (
    <>
      <Panel
        title="Traffic"
        aside={
          data === undefined ? null : (
            <button type="button" className="button" onClick={() => setOpen(true)}>
              Change…
            </button>
          )
        }
      >
        {traffic.error === null ? null : <Problem error={traffic.error} />}
        {data === undefined ? null : (
          <>
            <Variants traffic={data} model={model} />
            <p className="body muted" style={{ paddingTop: 0 }}>
              <Assignment traffic={data} />
            </p>
            <Shadow service={service} />
            {data.rollout === null ? null : <RolloutSteps rollout={data.rollout} />}
          </>
        )}
      </Panel>
      <TrafficDecisions service={service} />
      {isOpen && data !== undefined ? (
        <ChangeTraffic traffic={data} model={model} onClose={() => setOpen(false)} />
      ) : null}
    </>
  );
}

function Variants({
  traffic: { service, primary, variants },
  model,
}: {
  readonly traffic: Traffic;
  readonly model: string;
}) {
  const counts = useCounts(service);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Versions that share the requests">
      <table className="data">
        <thead>
          <tr>
            <th>variant</th>
            <th>version</th>
            <th className="number">share</th>
            <th>
              <span className="unseen">share as a bar</span>
            </th>
            <th className="number">answered</th>
            <th className="number">failed</th>
            <th className="number">99th percentile</th>
          </tr>
        </thead>
        <tbody>
          {variants.map(({ name, version, share }) => {
            const own = counts?.variants.find((one) => one.variant === name && one.version === version);
            return (
              <tr key={name}>
                <td>
                  {name}
                  {name === primary ? <span className="muted"> the service’s own</span> : null}
                </td>
                <td>
                  {version === null ? (
                    <span className="muted">none yet</span>
                  ) : (
                    <Link to="/models/$name/$version" params={{ name: model, version: String(version) }}>
                      version {version}
                    </Link>
                  )}
                </td>
                <td className="number">{share}%</td>
                <td style={{ width: "30%" }}>
                  <div className="bar">
                    <i style={{ width: `${share}%` }} />
                  </div>
                </td>
                <td className="number">{count(own?.answered)}</td>
                <td className="number">{count(own?.failed)}</td>
                <td className="number">{own?.latencyP99Ms == null ? "–" : `${own.latencyP99Ms.toFixed(2)} ms`}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Assignment({ traffic: { stickyBy, experiment } }: { readonly traffic: Traffic }) {
  const by = stickyBy === null ? undefined : Object.entries(stickyBy)[0];
  return (
    <>
      {by === undefined ? (
        "Each request is assigned by its own id."
      ) : (
        <>
          Requests are assigned by the {by[0]} <span className="mono">{by[1]}</span>: the same value, the same version.
        </>
      )}
      {experiment === null ? null : (
        <>
          {" "}
          Experiment <span className="mono">{experiment}</span>.
        </>
      )}
    </>
  );
}

function Shadow({ service }: { readonly service: string }) {
  const counts = useCounts(service);
  return counts?.shadows.map(({ variant, version, answered, failed, dropped, agreed, disagreed }) => (
    <dl key={`${variant} ${version}`} className="body numbers" aria-label={`What the shadow ${variant} was asked`}>
      <dt>asked {variant}, in the shadow</dt>
      <dd>{count(answered + failed)}</dd>
      <dt>agreed</dt>
      <dd>{agreed + disagreed === 0 ? "–" : `${((100 * agreed) / (agreed + disagreed)).toFixed(1)}%`}</dd>
      <dt>failed</dt>
      <dd>{count(failed)}</dd>
      <dt>not asked</dt>
      <dd>{count(dropped)}</dd>
    </dl>
  ));
}

/** While nothing serves, there is nothing to tell. */
function useCounts(service: string) {
  const { data } = useQuery({
    queryKey: ["traffic-counts", service],
    queryFn: () => api.showVariantCounts({ name: service }),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  return data;
}
