import { Chart } from "../parts/chart.tsx";
import { meshIntervals, type MeshInterval, type MeshSample, type Took } from "./mesh.ts";

const WINDOW_MS_MIN = 60_000;

/** Loads and evictions, and how long requests took with and without a load, since this page was opened. */
export function MeshOverTime({ samples }: { readonly samples: readonly MeshSample[] }) {
  const intervals = meshIntervals(samples);
  const x = { name: "time", isTime: true, ...windowOf(samples) };
  const isAsked = intervals.some(({ warm, cold }) => warm.requests + cold.requests > 0);
  if (!isAsked)
    return (
      <p className="body muted">
        Nobody has asked these models since this page was opened: loads, evictions and latencies are drawn as they come.
      </p>
    );
  return (
    <div className="columns flush">
      <div className="side">
        <h3 className="body">Loads, and below them models that made room</h3>
        <Chart
          label="Loads and evictions over time"
          height={180}
          x={x}
          y={{ name: "models" }}
          series={[
            { name: "loaded", kind: "bar", points: intervals.map(({ atMs, loads }) => [atMs, loads]) },
            { name: "made room", kind: "bar", points: intervals.map(({ atMs, evictions }) => [atMs, -evictions]) },
          ]}
        />
      </div>
      <div className="side">
        <h3 className="body">99th percentile of requests</h3>
        <Chart
          label="Latency over time of requests whose model was in memory, and of those that had it loaded"
          height={180}
          x={x}
          y={{ name: "ms", min: 0 }}
          series={[
            { name: "in memory", points: pointsOf(intervals, ({ warm }) => warm) },
            { name: "loaded first", points: pointsOf(intervals, ({ cold }) => cold) },
          ]}
        />
      </div>
    </div>
  );
}

/** Where nobody asked, there is no point. */
function pointsOf(intervals: readonly MeshInterval[], of: (interval: MeshInterval) => Took) {
  return intervals.flatMap((interval) => {
    const { p99Ms } = of(interval);
    return p99Ms === undefined ? [] : [[interval.atMs, p99Ms] as const];
  });
}

/** The time that is drawn: since this page was opened, and a minute at least. */
function windowOf(samples: readonly MeshSample[]) {
  const max = samples.at(-1)?.atMs ?? 0;
  return { min: Math.min(samples[0]?.atMs ?? 0, max - WINDOW_MS_MIN), max };
}
