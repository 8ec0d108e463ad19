import type { Snapshot, TableAnatomy } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import { count, exactTime, signedCount } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";
import { SnapshotPicture } from "./snapshot-picture.tsx";
import type { TablePlace } from "./table-place.ts";

const DRAWN_MAX = 100;

interface SnapshotPanelProps {
  readonly history: readonly Snapshot[];
  readonly place: TablePlace;
  readonly current: string | null;
  readonly refs: TableAnatomy["refs"];
}

/** What each write made of the table: drawn, and as a list that leads to the rows as they were. */
export function SnapshotPanel({ history, place, current, refs }: SnapshotPanelProps) {
  const shown = place.at ?? current;
  const columns: readonly DataColumn<Snapshot>[] = [
    { name: "committed", show: ({ committedAtMs }) => <Ago atMs={committedAtMs} /> },
    { name: "operation", show: ({ operation }) => operation },
    { name: "rows", isNumber: true, show: ({ rowCount }) => count(rowCount) },
    { name: "added", isNumber: true, show: (snapshot) => signedCount(recordsOf(snapshot, "added")) },
    { name: "removed", isNumber: true, show: (snapshot) => signedCount(-recordsOf(snapshot, "deleted")) },
    {
      name: "snapshot",
      show: ({ snapshotId }) => (
        <Link
          to="/tables/$name"
          params={{ name: place.name }}
          search={{ at: snapshotId, ...(place.branch === undefined ? {} : { branch: place.branch }) }}
          className="mono"
          title="The rows as they were then"
        >
          {snapshotId}
        </Link>
      ),
    },
  ];
  const links: DataColumn<Snapshot> = {
    name: "changes",
    show: ({ snapshotId, parentId }) =>
      parentId === null || !history.some((one) => one.snapshotId === parentId) ? null : (
        <Link
          to="/tables/$name/changes"
          params={{ name: place.name }}
          search={{
            from: parentId,
            to: snapshotId,
            ...(place.branch === undefined ? {} : { branch: place.branch }),
          }}
        >
          what changed
        </Link>
      ),
  };
  return (
    <Panel title="Snapshots" aside={<span className="muted">{count(history.length)}</span>}>
      <SnapshotPicture history={history} place={place} refs={refs} current={current} />
      {history.length < 2 ? null : <History history={history.slice(-DRAWN_MAX)} />}
      <div className="limited">
        <DataTable
          label="Snapshots"
          rows={history.toReversed()}
          columns={history.length < 2 ? columns : columns.toSpliced(-1, 0, links)}
          keyOf={({ snapshotId }) => snapshotId}
          isCurrent={({ snapshotId }) => snapshotId === shown}
        />
      </div>
    </Panel>
  );
}

/** The rows by snapshot, with what each added and took away. */
function History({ history }: { readonly history: readonly Snapshot[] }) {
  const notes = history.map(({ committedAtMs, operation }) => `${operation}, ${exactTime(committedAtMs)}`);
  const points = (value: (snapshot: Snapshot) => number) =>
    history.map((snapshot, index) => [index + 1, value(snapshot)] as const);
  return (
    <Chart
      label={`Rows after each of the last ${history.length} snapshots, with those added and removed`}
      height={190}
      x={{ name: "snapshot", min: 0.4, max: history.length + 0.6, isWhole: true }}
      y={{ name: "rows", isShort: true }}
      series={[
        { name: "rows", points: points(({ rowCount }) => rowCount), notes },
        { name: "removed", kind: "bar", points: points((snapshot) => -recordsOf(snapshot, "deleted")), notes },
        { name: "added", kind: "bar", points: points((snapshot) => recordsOf(snapshot, "added")), notes },
      ]}
    />
  );
}

function recordsOf({ summary }: Snapshot, what: "added" | "deleted"): number {
  return Number(summary[`${what}-records`] ?? 0);
}
