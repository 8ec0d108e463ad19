import type { RunReport, TaskReport } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { counted, duration, exactTime } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";

interface Pair {
  readonly id: string;
  readonly name: string;
  readonly own: TaskReport | undefined;
  readonly other: TaskReport | undefined;
}

interface RunComparisonProps {
  readonly run: RunReport;
  readonly against: RunReport;
}

/** Two runs beside one another, step by step, what has changed the most first. */
export function RunComparison({ run, against }: RunComparisonProps) {
  const [isWhole, setWhole] = useState(false);
  const all = pairsOf(run, against).toSorted(
    (one, two) => Math.abs(differenceOf(two) ?? 0) - Math.abs(differenceOf(one) ?? 0),
  );
  const both = all.filter((pair) => differenceOf(pair) !== undefined);
  const alone = all.length - both.length;
  const pairs = isWhole || both.length === 0 ? all : both;
  return (
    <Panel
      title={`Beside the run of ${exactTime(against.startedAtMs)}`}
      aside={
        <Link to="/runs/$runId" params={{ runId: run.runId }} search={{}}>
          Show this one alone
        </Link>
      }
    >
      {pairs.length === 0 ? (
        <p className="body muted">Neither of them had a step to run.</p>
      ) : (
        <DataTable label="Steps of both runs" rows={pairs} columns={COLUMNS} keyOf={({ id }) => id} />
      )}
      {alone === 0 || both.length === 0 ? null : (
        <p className="body row muted">
          {counted(alone, "step")} had something to do in one of them alone.
          <button type="button" className="button small" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
            Show {alone === 1 ? "it" : "them"} too
          </button>
        </p>
      )}
    </Panel>
  );
}

const COLUMNS: readonly DataColumn<Pair>[] = [
  {
    name: "step",
    sort: ({ name }) => name,
    show: ({ id, name }) => (
      <Link to="/" search={{ node: id }} className="row tight">
        <Icon name={id.slice(0, id.indexOf(":"))} size={14} />
        <Middle text={name} />
      </Link>
    ),
  },
  { name: "state", show: ({ own }) => (own === undefined ? "–" : <State state={own.state} />) },
  { name: "there", show: ({ other }) => (other === undefined ? "–" : <State state={other.state} />) },
  {
    name: "took",
    isNumber: true,
    sort: ({ own }) => own?.tookMs ?? -1,
    show: ({ own }) => duration(own?.tookMs),
  },
  {
    name: "took there",
    isNumber: true,
    sort: ({ other }) => other?.tookMs ?? -1,
    show: ({ other }) => duration(other?.tookMs),
  },
  {
    name: "difference",
    isNumber: true,
    sort: (pair) => differenceOf(pair) ?? 0,
    show: (pair) => <Difference byMs={differenceOf(pair)} />,
  },
  { name: "rows", isNumber: true, show: ({ own, other }) => rowsOf(own, other) },
];

function Difference({ byMs }: { readonly byMs: number | undefined }) {
  if (byMs === undefined) return <>–</>;
  if (byMs === 0) return <>0 ms</>;
  return (
    <span className={`state ${byMs > 0 ? "bad" : "good"}`}>
      {byMs > 0 ? "+" : "−"}
      {duration(Math.abs(byMs))} {byMs > 0 ? "slower" : "faster"}
    </span>
  );
}

function rowsOf(own: TaskReport | undefined, other: TaskReport | undefined): string {
  const [now, then] = [own?.facts["rows"], other?.facts["rows"]];
  if (typeof now !== "number" || typeof then !== "number") return "";
  return now === then ? "as many" : `${now > then ? "+" : "−"}${Math.abs(now - then).toLocaleString("en-US")}`;
}

function differenceOf({ own, other }: Pair): number | undefined {
  if (own?.tookMs === undefined || own.tookMs === null || other?.tookMs === undefined || other.tookMs === null)
    return undefined;
  return own.tookMs - other.tookMs;
}

/** The steps that ran in one of the two, or were kept from it. */
function pairsOf(run: RunReport, against: RunReport): readonly Pair[] {
  const [own, other] = [run, against].map(({ tasks }) => new Map(tasks.map((task) => [task.id, task])));
  const ids = [...new Set([...run.tasks, ...against.tasks].map(({ id }) => id))];
  return ids
    .map((id) => {
      const pair = { own: own?.get(id), other: other?.get(id) };
      return { id, name: pair.own?.name ?? pair.other?.name ?? id, ...pair };
    })
    .filter(({ own: one, other: two }) => one?.state !== "unchanged" || two?.state !== "unchanged");
}
