import type { CheckRecord } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api.ts";
import { count, counted } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Middle } from "../parts/middle.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { CheckHistory, type CheckOverTime } from "./check-history.tsx";
import { CheckRuns, endOf } from "./check-runs.tsx";

const RUNS_SHOWN = 40;

const COLUMNS: readonly DataColumn<CheckOverTime>[] = [
  {
    name: "check",
    sort: ({ last }) => last.check,
    show: ({ last }) => (
      <span className="mono">
        <Middle text={last.check} />
      </span>
    ),
  },
  {
    name: "state",
    width: 96,
    sort: ({ last }) => (last.passed ? 2 : last.severity === "error" ? 0 : 1),
    show: ({ last }) => <State {...endOf(last)} />,
  },
  {
    name: "found",
    width: 110,
    isNumber: true,
    sort: ({ last }) => last.observed,
    show: ({ last }) => count(last.observed),
  },
  {
    name: "expected",
    width: "28%",
    wrap: true,
    show: ({ last }) => <span className="mono">{last.expected}</span>,
  },
  { name: "its runs", width: 200, show: ({ runs }) => <CheckRuns records={runs} /> },
  { name: "last", width: 104, sort: ({ last }) => last.atMs, show: ({ last }) => <Ago atMs={last.atMs} /> },
];

/** All checks, by the definition or the model that they belong to, worst first. */
export function ChecksPage() {
  const { data, error } = useQuery({
    queryKey: ["checks"],
    queryFn: () => api.listChecks({ runs: RUNS_SHOWN }),
  });
  const groups = groupsOf(data ?? []).toSorted((one, other) => rankOf(one) - rankOf(other));
  const last = groups.flat().map((check) => check.last);
  const missed = last.filter(({ passed }) => !passed).length;
  return (
    <Page
      title="Checks"
      docs="concepts/check.md"
      lead={
        data === undefined
          ? undefined
          : last.length === 0
            ? "none has run yet"
            : `${counted(last.length, "check")}, ${missed === 0 ? "all hold" : `${count(missed)} do not hold`}`
      }
      actions={<Report />}
    >
      {error === null ? null : <Problem error={error} />}
      {data?.length === 0 ? (
        <Empty command="npx mill run">
          What checks and tests find stands here, each with its runs, once the road has been taken.
        </Empty>
      ) : (
        groups.map((group) => <Group key={group[0]?.last.name} checks={group} />)
      )}
    </Page>
  );
}

/** The checks of one name, or on one table. */
export function CheckPage() {
  const { name } = useParams({ from: "/checks/$name" });
  const { data, error } = useQuery({
    queryKey: ["checks", name],
    queryFn: () => api.showChecks({ name, limit: 10_000 }),
  });
  const groups = groupsOf(data ?? []);
  const table = data?.[0]?.table;
  return (
    <Page
      title={name}
      docs="concepts/check.md"
      actions={
        <>
          {table === undefined ? null : (
            <Link to="/tables/$name" params={{ name: table }} className="button">
              {table}
            </Link>
          )}
          <Report name={name} />
        </>
      }
    >
      {error === null ? null : <Problem error={error} />}
      {groups.map((group) => (
        <div key={group[0]?.last.name} className="stack">
          <Group checks={group} />
          <CheckHistory checks={group} />
        </div>
      ))}
    </Page>
  );
}

function Report({ name }: { readonly name?: string }) {
  const query = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
  return (
    <a className="button" href={`/api/v1/reports/checks${query}`} target="_blank" rel="noreferrer">
      Report
    </a>
  );
}

function Group({ checks }: { readonly checks: readonly CheckOverTime[] }) {
  const { name = "", table = "" } = checks[0]?.last ?? {};
  return (
    <Panel
      title={name}
      aside={
        <Link to="/checks/$name" params={{ name }} className="muted">
          on {table}
        </Link>
      }
    >
      <DataTable label={name} rows={checks} columns={COLUMNS} keyOf={({ last }) => last.check} />
    </Panel>
  );
}

/** The checks of the newest run of each name. Records come newest first within a name. */
function groupsOf(records: readonly CheckRecord[]): readonly (readonly CheckOverTime[])[] {
  return [...Map.groupBy(records, ({ name }) => name).values()].map((group) => {
    const newest = group[0]?.atMs;
    return group
      .filter(({ atMs }) => atMs === newest)
      .map((last) => ({ last, runs: group.filter(({ check }) => check === last.check).toReversed() }));
  });
}

function rankOf(group: readonly CheckOverTime[]): number {
  if (group.some(({ last }) => !last.passed && last.severity === "error")) return 0;
  return group.some(({ last }) => !last.passed) ? 1 : 2;
}
