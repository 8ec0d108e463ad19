import { skipToken, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, problemOf } from "../api.ts";
import { counted } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { intervalBetween, type Interval, type Sample } from "./load.ts";

const LOAD = ["serving-load"] as const;
const EVERY_MS = 2_000;
const SAMPLES_MAX = 150;
const WINDOW_MS_MIN = 60_000;

/** How fast the serving process answers, from the moment this page was opened. */
export function LiveLoad() {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const { error } = useQuery({
    queryKey: LOAD,
    queryFn: async () => {
      const sample = { atMs: Date.now(), load: await api.showServingLoad() };
      setSamples((kept) => [...kept, sample].slice(-SAMPLES_MAX));
      return sample;
    },
    refetchInterval: EVERY_MS,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const intervals = samples.slice(1).flatMap((sample, index) => {
    const before = samples[index];
    return before === undefined ? [] : [intervalBetween(before, sample)];
  });
  const asked = intervals.filter(({ requests }) => requests > 0);
  const latest = samples.at(-1)?.load;
  return (
    <Panel
      title="How fast it answers, now"
      aside={
        <span className="muted">
          {latest === undefined
            ? ""
            : `${counted(latest.answered, "prediction")} and ${counted(latest.failed, "refusal")} since its start`}
        </span>
      }
    >
      {error === null ? null : <NotAnswering error={error} />}
      {asked.length === 0 && error !== null ? null : asked.length === 0 ? (
        <p className="body muted">
          Nobody has asked since this page was opened. Press Predict, or let callers ask: latency in the server and
          requests a second are drawn as they come.
        </p>
      ) : (
        <>
          <Numbers last={asked.at(-1)} />
          <Chart
            label="Latency in the server over time, median and 99th percentile"
            height={200}
            x={{ name: "time", isTime: true, ...windowOf(samples) }}
            y={{ name: "ms", min: 0 }}
            series={[
              { name: "median", points: pointsOf(asked, ({ p50Ms }) => p50Ms), notes: asked.map(rateOf) },
              { name: "99th percentile", points: pointsOf(asked, ({ p99Ms }) => p99Ms), notes: asked.map(rateOf) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

/** While the serving process is down it is started again by who keeps it: nothing is to be done. */
export function NotAnswering({ error }: { readonly error: unknown }) {
  if (problemOf(error).code !== "serving/not-running") return <Problem error={error} />;
  return (
    <p className="body" role="status">
      <strong className="state bad">The service does not answer.</strong> Its process is started again by itself, on the
      same port; what it answered is kept. <Link to="/logs">What it said</Link>
    </p>
  );
}

/** Whether the serving process answers, as the panel of its load found it last. */
export function ServingState() {
  const { status, isFetched } = useQuery({ queryKey: LOAD, queryFn: skipToken });
  if (!isFetched) return null;
  return status === "error" ? <State state="failed" word="does not answer" /> : <State state="done" word="answers" />;
}

function Numbers({ last }: { readonly last: Interval | undefined }) {
  if (last === undefined) return null;
  const told = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(2)} ms`);
  return (
    <dl className="body numbers">
      <dt>requests a second</dt>
      <dd>{last.perSecond.toFixed(last.perSecond < 10 ? 1 : 0)}</dd>
      <dt>median</dt>
      <dd>{told(last.p50Ms)}</dd>
      <dt>99th percentile</dt>
      <dd>{told(last.p99Ms)}</dd>
    </dl>
  );
}

/** The time that is drawn: since this page was opened, and a minute at least. */
function windowOf(samples: readonly Sample[]) {
  const max = samples.at(-1)?.atMs ?? 0;
  return { min: Math.min(samples[0]?.atMs ?? 0, max - WINDOW_MS_MIN), max };
}

function pointsOf(intervals: readonly Interval[], value: (interval: Interval) => number | undefined) {
  return intervals.map((interval) => [interval.atMs, value(interval) ?? 0] as const);
}

function rateOf({ perSecond }: Interval): string {
  return `${perSecond.toFixed(1)} requests a second`;
}
