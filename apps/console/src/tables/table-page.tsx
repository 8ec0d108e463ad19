import type { Snapshot, Table, TableWithHistory } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { api } from "../api.ts";
import { bytes, count } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { nameInSql } from "../sql/name-in-sql.ts";
import { ColumnTable } from "./column-table.tsx";
import { TableRows } from "./table-rows.tsx";

const SNAPSHOT_COLUMNS: readonly DataColumn<Snapshot>[] = [
  { name: "committed", show: ({ committedAtMs }) => <Ago atMs={committedAtMs} /> },
  { name: "operation", show: ({ operation }) => operation },
  { name: "rows", isNumber: true, show: ({ rowCount }) => count(rowCount) },
  {
    name: "snapshot",
    show: ({ table, snapshotId }) => (
      <Link
        to="/tables/$name"
        params={{ name: table }}
        search={{ at: Number(snapshotId) }}
        className="mono"
        title="The rows as they were then"
      >
        {snapshotId}
      </Link>
    ),
  },
];

export function TablePage() {
  const { name } = useParams({ from: "/tables/$name" });
  const { at } = useSearch({ from: "/tables/$name" });
  const { data, error } = useQuery({ queryKey: ["tables", name], queryFn: () => api.showTable({ name }) });
  return (
    <Page
      title={name}
      docs="concepts/table.md"
      lead={data === undefined ? undefined : <Lead table={data.table} />}
      actions={
        <>
          <Link to="/lineage/$name" params={{ name }} className="button">
            Lineage
          </Link>
          <Link to="/sql" search={{ sql: `select *\nfrom ${nameInSql(name)}\nlimit 100` }} className="button">
            Ask in SQL
          </Link>
        </>
      }
    >
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : (
        <>
          <div className="columns">
            <Panel title="Columns">
              <ColumnTable table={data.table} />
            </Panel>
            {data.table.sql === null ? (
              <Panel title="Snapshots">
                <DataTable
                  label="Snapshots"
                  rows={data.history.toReversed()}
                  columns={SNAPSHOT_COLUMNS}
                  keyOf={({ snapshotId }) => snapshotId}
                />
              </Panel>
            ) : (
              <Panel title="What the view selects">
                <pre className="body scroll" tabIndex={0} style={{ margin: 0 }}>
                  {data.table.sql}
                </pre>
              </Panel>
            )}
          </div>
          <ShownRows {...data} at={at === undefined || String(at) === data.table.snapshotId ? undefined : String(at)} />
        </>
      )}
    </Page>
  );
}

/** The rows of the newest snapshot, or of an earlier one with the way back. */
function ShownRows({ table, history, at }: TableWithHistory & { readonly at: string | undefined }) {
  const { name } = table;
  if (at === undefined) return <TableRows key={name} name={name} total={table.rowCount} />;
  const snapshot = history.find(({ snapshotId }) => snapshotId === at);
  return (
    <>
      <p className="notice" role="status">
        The rows are those of {snapshot === undefined ? "an earlier snapshot" : <Ago atMs={snapshot.committedAtMs} />},
        not of now.{" "}
        <Link to="/tables/$name" params={{ name }} search={{}}>
          Show the newest
        </Link>
      </p>
      <TableRows key={at} name={name} total={snapshot?.rowCount ?? null} at={at} />
    </>
  );
}

function Lead({ table }: { readonly table: Table }) {
  return (
    <>
      {table.kind}
      {table.rowCount === null
        ? ""
        : `, ${count(table.rowCount)} rows, ${bytes(table.bytes)} in ${count(table.fileCount)} files`}
      , written <Ago atMs={table.updatedAtMs} />
    </>
  );
}
