import type { Occupancy } from "@millwright/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { bytes, count } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Middle } from "../parts/middle.tsx";
import { Pager } from "../parts/pager.tsx";
import { Ago } from "../parts/time.tsx";

const EVERY_MS = 4_000;
const PAGE = 25;

type Occupant = Occupancy["models"][number];

const ORDERS = { recent: "asked last", size: "largest", rows: "most rows", name: "name" } as const;
type Order = keyof typeof ORDERS;

/** The models in memory, a page of them at a time: the server sorts and finds, as there may be thousands. */
export function ModelsInMemory() {
  const [asked, setAsked] = useState({ search: "", order: "recent" as Order, offset: 0 });
  const [isPointedAt, setPointedAt] = useState(false);
  const { data } = useQuery({
    queryKey: ["occupancy", asked],
    queryFn: () => api.showOccupancy({ ...asked, limit: PAGE }),
    // Nothing moves away from under the pointer.
    refetchInterval: isPointedAt ? false : EVERY_MS,
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (data === undefined) return null;
  return (
    <>
      {data.modelCount <= PAGE ? null : (
        <div className="body row">
          <input
            type="search"
            className="field"
            aria-label="Find a model in memory"
            placeholder="Find by name"
            value={asked.search}
            onChange={(event) => setAsked({ ...asked, search: event.target.value, offset: 0 })}
          />
          <label className="row">
            <span className="muted">first</span>
            <select
              className="field"
              value={asked.order}
              onChange={(event) => setAsked({ ...asked, order: event.target.value as Order, offset: 0 })}
            >
              {Object.entries(ORDERS).map(([order, told]) => (
                <option key={order} value={order}>
                  {told}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {data.found === 0 && asked.search !== "" ? (
        <p className="body muted">No model in memory has “{asked.search}” in its name.</p>
      ) : (
        <div onMouseEnter={() => setPointedAt(true)} onMouseLeave={() => setPointedAt(false)}>
          <DataTable
            label="Models in memory"
            rows={data.models}
            columns={[...COLUMNS, staysColumn(data)]}
            keyOf={({ name, version, kind }) => `${kind} ${name} ${version}`}
          />
        </div>
      )}
      <Pager
        of="models in memory"
        offset={asked.offset}
        size={PAGE}
        total={data.found}
        onPage={(offset) => setAsked({ ...asked, offset })}
      />
    </>
  );
}

const COLUMNS: readonly DataColumn<Occupant>[] = [
  { name: "name", show: (occupant) => <OwnPage occupant={occupant} /> },
  { name: "version", isNumber: true, show: ({ version }) => version },
  { name: "kind", show: ({ kind }) => kind },
  { name: "size", isNumber: true, show: (one) => bytes(one.bytes) },
  { name: "rows answered", isNumber: true, show: ({ rows }) => count(rows) },
  {
    name: "asked last",
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
    <Link
      to={kind === "model" ? "/services/models/$name" : to[kind]}
      params={{ name: kind === "model" ? documentOf(name) : name }}
      className="bound"
    >
      <Middle text={name} />
    </Link>
  );
}

/** A canary's page is that of its document. */
function documentOf(name: string): string {
  return name.replace(/@canary$/, "");
}
