import type { Run } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import { duration } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Middle } from "../parts/middle.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";

const COLUMNS: readonly DataColumn<Run>[] = [
  {
    name: "run",
    show: ({ runId }) => (
      <Link to="/runs/$runId" params={{ runId }} className="mono cut short">
        <Middle text={runId} />
      </Link>
    ),
  },
  { name: "state", sort: ({ state }) => state, show: ({ state }) => <State state={state} /> },
  { name: "branch", sort: ({ branch }) => branch, show: ({ branch }) => <BranchName name={branch} /> },
  { name: "begun by", sort: ({ trigger }) => trigger, show: ({ trigger }) => trigger },
  { name: "begun", sort: ({ startedAtMs }) => startedAtMs, show: ({ startedAtMs }) => <Ago atMs={startedAtMs} /> },
  { name: "took", isNumber: true, sort: (run) => tookMs(run) ?? -1, show: (run) => duration(tookMs(run)) },
];

export function RunTable({ label, runs }: { readonly label: string; readonly runs: readonly Run[] }) {
  return <DataTable label={label} rows={runs} columns={COLUMNS} keyOf={({ runId }) => runId} />;
}

/** Main goes without saying; a branch leads to its page. */
function BranchName({ name }: { readonly name: string }) {
  if (name === "main") return <span className="muted">main</span>;
  return (
    <Link to="/branches/$name" params={{ name }}>
      {name}
    </Link>
  );
}

function tookMs({ startedAtMs, endedAtMs }: Run): number | null {
  return endedAtMs === null ? null : endedAtMs - startedAtMs;
}
