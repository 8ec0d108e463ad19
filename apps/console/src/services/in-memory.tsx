import type { Occupancy } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { bytes, count, counted } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";

const EVERY_MS = 5_000;
/** Of thousands those are looked at that were asked last. */
const SHOWN_MAX = 200;

type Occupant = Occupancy["models"][number];

/** What the serving process has in memory, of what it may, and what it did to have it there. */
export function InMemory() {
  const { data } = useQuery({
    queryKey: ["occupancy"],
    queryFn: () => api.showOccupancy(),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  if (data === undefined) return null;
  const shown = data.models
    .toSorted((one, other) => (other.lastAskedMs ?? 0) - (one.lastAskedMs ?? 0))
    .slice(0, SHOWN_MAX);
  return (
    <Panel title="In memory" aside={<span className="muted">{counted(data.models.length, "model")}</span>}>
      <Totals occupancy={data} />
      <DataTable
        label="Models in memory"
        rows={shown}
        columns={[...COLUMNS, staysColumn(data)]}
        keyOf={({ name, version, kind }) => `${kind} ${name} ${version}`}
      />
      {shown.length === data.models.length ? null : (
        <p className="body muted">The {count(SHOWN_MAX)} that were asked last are shown.</p>
      )}
    </Panel>
  );
}

function Totals({ occupancy }: { readonly occupancy: Occupancy }) {
  const { processBytes, bytes: taken, bytesMax, loads, evictions, models } = occupancy;
  const isTold = models.length === 0 || models.some((one) => one.bytes !== null);
  return (
    <div className="body stack">
      <dl className="numbers">
        <dt>models</dt>
        <dd>{bytesMax === null ? bytes(isTold ? taken : null) : `${bytes(taken)} of ${bytes(bytesMax)}`}</dd>
        <dt>whole process</dt>
        <dd>{bytes(processBytes)}</dd>
        <dt>loads</dt>
        <dd>{count(loads)}</dd>
        <dt>made room</dt>
        <dd>{count(evictions)}</dd>
      </dl>
      {bytesMax === null ? (
        <p className="muted">No limit: all models are loaded at the start, and none has to make room.</p>
      ) : (
        <div className="bar">
          <i style={{ width: `${Math.min(100, (100 * taken) / Math.max(1, bytesMax))}%` }} />
        </div>
      )}
    </div>
  );
}

const COLUMNS: readonly DataColumn<Occupant>[] = [
  { name: "name", sort: ({ name }) => name, show: (occupant) => <OwnPage occupant={occupant} /> },
  { name: "version", isNumber: true, show: ({ version }) => version },
  { name: "kind", sort: ({ kind }) => kind, show: ({ kind }) => kind },
  { name: "size", isNumber: true, sort: (one) => one.bytes ?? -1, show: (one) => bytes(one.bytes) },
  { name: "rows answered", isNumber: true, sort: ({ rows }) => rows ?? -1, show: ({ rows }) => count(rows) },
  {
    name: "asked last",
    sort: ({ lastAskedMs }) => lastAskedMs ?? 0,
    show: ({ lastAskedMs }) => (lastAskedMs === null ? "–" : <Ago atMs={lastAskedMs} />),
  },
];

function staysColumn({ bytesMax }: Occupancy): DataColumn<Occupant> {
  const told = ({ kind, isPinned }: Occupant) =>
    kind !== "model" || bytesMax === null ? "always" : isPinned ? "always, pinned" : "while there is room";
  return { name: "stays", show: told };
}

function OwnPage({ occupant: { name, kind } }: { readonly occupant: Occupant }) {
  const to = { service: "/services/$name", function: "/services/$name", graph: "/services/graphs/$name" } as const;
  return (
    <Link to={kind === "model" ? "/services/models/$name" : to[kind]} params={{ name }}>
      {name}
    </Link>
  );
}
