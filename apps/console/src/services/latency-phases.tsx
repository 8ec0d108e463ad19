import type { PhaseLatency } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { shortMs } from "../graphs/words.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Panel } from "../parts/page.tsx";
import { quantileMs } from "./load.ts";

const EVERY_MS = 2_000;

/** In the order in which a request goes through them. */
const PHASES: readonly { readonly phase: string; readonly told: string }[] = [
  { phase: "queue", told: "it waits for its turn" },
  { phase: "batch", told: "requests are joined, and answers split" },
  { phase: "input", told: "its tensors are read" },
  { phase: "features", told: "its features are looked up" },
  { phase: "compute", told: "the model computes" },
  { phase: "infer", told: "the model computes" },
  { phase: "output", told: "its answer is written" },
];

interface Row {
  readonly of: string;
  readonly phase: string;
  readonly told: string;
  readonly requests: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** The bound of the first bucket: below it, all that is known of a quantile is that it lies there. */
  readonly leastMs: number;
  /** Of all the time of its version. */
  readonly share: number;
}

/** How long each part of a model's answers takes, since it was loaded; each of the versions that share its requests. */
export function LatencyPhases({ model }: { readonly model: string }) {
  const { data } = useQuery({
    queryKey: ["phases", model],
    queryFn: () => api.showModelPhases({ name: model }),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  if (data === undefined) return null;
  const rows = rowsOf(data);
  const isShared = new Set(rows.map(({ of }) => of)).size > 1;
  return (
    <Panel title="Where the time goes" aside={<span className="muted">in the server, since it was loaded</span>}>
      {rows.length === 0 ? (
        <p className="body muted">
          Nobody has asked it since it was loaded. What is told here is how long a request waits, and how long its
          features, the model and its answer take.
        </p>
      ) : (
        <DataTable
          label="Latency by phase"
          rows={rows}
          columns={isShared ? [VERSION, ...COLUMNS] : COLUMNS}
          keyOf={({ of, phase }) => `${of} ${phase}`}
        />
      )}
    </Panel>
  );
}

const VERSION: DataColumn<Row> = { name: "version", sort: ({ of }) => of, show: ({ of }) => of };

const COLUMNS: readonly DataColumn<Row>[] = [
  {
    name: "phase",
    show: ({ phase, told }) => (
      <>
        {phase} <span className="muted">{told}</span>
      </>
    ),
  },
  { name: "counted", isNumber: true, sort: ({ requests }) => requests, show: ({ requests }) => count(requests) },
  { name: "mean", isNumber: true, sort: ({ meanMs }) => meanMs ?? -1, show: ({ meanMs }) => shortMs(meanMs) },
  { name: "median", isNumber: true, sort: ({ p50Ms }) => p50Ms ?? -1, show: (row) => quantileWords(row.p50Ms, row) },
  {
    name: "99th percentile",
    isNumber: true,
    sort: ({ p99Ms }) => p99Ms ?? -1,
    show: (row) => quantileWords(row.p99Ms, row),
  },
  {
    name: "of the time",
    isNumber: true,
    sort: ({ share }) => share,
    show: ({ share }) => (
      <span className="part">
        <span className="bar">
          <i style={{ width: `${share * 100}%` }} />
        </span>
        {Math.round(share * 100)} %
      </span>
    ),
  },
];

function quantileWords(ms: number | undefined, { leastMs }: Row): string {
  return ms !== undefined && ms < leastMs ? `< ${leastMs} ms` : shortMs(ms);
}

function rowsOf(latencies: readonly PhaseLatency[]): readonly Row[] {
  const byVersion = Map.groupBy(latencies, ({ version, variant }) => nameOf(version, variant));
  return [...byVersion].flatMap(([of, phases]) => {
    const whole = phases.reduce((sum, { seconds }) => sum + seconds, 0);
    return PHASES.flatMap(({ phase, told }): readonly Row[] => {
      const found = phases.find((one) => one.phase === phase);
      const requests = found?.buckets.at(-1)?.count ?? 0;
      if (found === undefined || requests === 0) return [];
      const buckets = found.buckets.map(({ seconds, count: below }) => ({ bound: seconds, below }));
      return [
        {
          of,
          phase,
          told,
          requests,
          meanMs: (1_000 * found.seconds) / requests,
          p50Ms: quantileMs(buckets, 0.5),
          p99Ms: quantileMs(buckets, 0.99),
          leastMs: 1_000 * (buckets[0]?.bound ?? 0),
          share: whole === 0 ? 0 : found.seconds / whole,
        },
      ];
    });
  });
}

function nameOf(version: string, variant: string | null): string {
  return variant === null ? `version ${version}` : `${variant}, version ${version}`;
}
