import type { MonitorAlert } from "@millwright/client";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";

const COLUMNS: readonly DataColumn<MonitorAlert>[] = [
  {
    name: "state",
    show: ({ resolvedMs }) => (
      <State state={resolvedMs === null ? "warned" : "done"} word={resolvedMs === null ? "stands" : "resolved"} />
    ),
    sort: ({ resolvedMs }) => (resolvedMs === null ? 0 : 1),
  },
  {
    name: "what",
    show: ({ feature }) => (feature === null ? "the answers" : <span className="mono">{feature}</span>),
    sort: ({ feature }) => feature ?? "",
  },
  { name: "rows", show: ({ rows }) => rows },
  { name: "rule", show: ({ rule }) => rule, sort: ({ rule }) => rule },
  { name: "worst", isNumber: true, show: ({ worst }) => worst.toFixed(3), sort: ({ worst }) => worst },
  { name: "days", isNumber: true, show: ({ days }) => days },
  { name: "since", show: ({ sinceMs }) => <Ago atMs={sinceMs} />, sort: ({ sinceMs }) => sinceMs },
  { name: "until", show: ({ resolvedMs }) => (resolvedMs === null ? "" : <Ago atMs={resolvedMs} />) },
  {
    name: "told to",
    show: ({ told }) => (told.length === 0 ? "nobody yet" : told.map((route) => route.replace(/^\d+ /, "")).join(", ")),
  },
];

/** Alerts, those that stand and those that did. */
export function AlertTable({ alerts }: { readonly alerts: readonly MonitorAlert[] }) {
  return <DataTable label="Alerts" rows={alerts} columns={COLUMNS} keyOf={({ id }) => id} />;
}
