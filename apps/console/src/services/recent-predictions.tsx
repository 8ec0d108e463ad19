import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { duration, percent } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";

const SHOWN = 20;
const EVERY_MS = 5_000;
const TABLE = "predictions";

interface Kept {
  readonly atMs: number;
  readonly id: string;
  readonly model: string;
  readonly version: number;
  readonly answer: string;
  readonly request: string;
  readonly latencyMs: number;
  readonly missing: string;
}

/** A row of the table as the query gives it. */
type Row = readonly [number, string, string, number, number | null, string | null, string, number, string | null];

const COLUMNS: readonly DataColumn<Kept>[] = [
  { name: "asked", sort: ({ atMs }) => atMs, show: ({ atMs }) => <Ago atMs={atMs} /> },
  { name: "answer", isNumber: true, show: ({ answer }) => answer },
  {
    name: "version",
    show: ({ model, version }) => (
      <Link to="/models/$name/$version" params={{ name: model, version: String(version) }}>
        version {version}
      </Link>
    ),
  },
  {
    name: "in the server",
    isNumber: true,
    sort: ({ latencyMs }) => latencyMs,
    show: ({ latencyMs }) => (latencyMs < 10 ? `${latencyMs.toFixed(2)} ms` : duration(latencyMs)),
  },
  {
    name: "request",
    show: ({ request }) => (
      <span className="mono bound wide" title={request}>
        {fieldsOf(request)}
      </span>
    ),
  },
  { name: "missing features", wrap: true, show: ({ missing }) => missing },
  {
    name: "rests on",
    show: ({ id }) => (
      <Link to="/lineage/$name" params={{ name: id }} className="mono cut short">
        <Middle text={id} />
      </Link>
    ),
  },
];

/** The last answers of a service that are in the table `predictions`, each with a way to what it rests on. */
export function RecentPredictions({ service }: { readonly service: string }) {
  const tables = useQuery({
    queryKey: ["table-list", "main"],
    queryFn: () => api.listTables(),
    refetchInterval: EVERY_MS,
  });
  const table = tables.data?.find(({ name }) => name === TABLE);
  const { data } = useQuery({
    queryKey: ["predictions", service, table?.snapshotId],
    queryFn: () => readKept(service),
    enabled: table !== undefined,
    placeholderData: keepPreviousData,
  });
  const kept = data ?? [];
  return (
    <Panel title="Its last predictions" aside={<span className="muted">brought from the log every few seconds</span>}>
      {kept.length === 0 ? (
        <p className="body muted">
          None is in the table <span className="mono">{TABLE}</span> yet. Every answer is logged with its request and
          its features, and comes here a few seconds later.
        </p>
      ) : (
        <div className="limited">
          <DataTable label="Predictions, newest first" rows={kept} columns={COLUMNS} keyOf={({ id }) => id} />
        </div>
      )}
    </Panel>
  );
}

async function readKept(service: string): Promise<readonly Kept[]> {
  const sql = `select epoch_ms(predicted_at), id, model, model_version, probability, prediction, request, latency_us / 1000.0, missing
from main.${TABLE} where service = '${service.replaceAll("'", "''")}' order by predicted_at desc, id desc limit ${SHOWN}`;
  const { rows } = await api.query({ body: { sql, maxRows: SHOWN } });
  return (rows as readonly Row[]).map(
    ([atMs, id, model, version, probability, prediction, request, latencyMs, missing]) => ({
      atMs,
      id,
      model,
      version,
      answer: probability === null ? (prediction ?? "–") : percent(probability),
      request,
      latencyMs,
      missing: (missing ?? "").replaceAll(",", ", "),
    }),
  );
}

/** `origin JFK, distance 1240`: the fields of a request, which is kept as JSON. */
function fieldsOf(request: string): string {
  const fields: unknown = JSON.parse(request);
  if (typeof fields !== "object" || fields === null) return request;
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
