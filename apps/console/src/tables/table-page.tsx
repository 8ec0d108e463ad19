import type { Table, TableWithHistory } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { api } from "../api.ts";
import { OnBranch } from "../branches/on-branch.tsx";
import { bytes, count } from "../format.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { nameInSql } from "../sql/name-in-sql.ts";
import { CarePanel } from "./care-panel.tsx";
import { ColumnTable } from "./column-table.tsx";
import { FilePanel } from "./file-panel.tsx";
import { SchemaPanel } from "./schema-panel.tsx";
import { SnapshotPanel } from "./snapshot-panel.tsx";
import { TableRows } from "./table-rows.tsx";
import { optionsOf, type TablePlace } from "./table-place.ts";

export function TablePage() {
  const { name } = useParams({ from: "/tables/$name" });
  const { at, branch } = useSearch({ from: "/tables/$name" });
  const { data, error } = useQuery({
    queryKey: ["tables", name, branch],
    queryFn: () => api.showTable({ name, ...optionsOf({ branch }) }),
  });
  const isNewest = at === undefined || at === data?.table.snapshotId;
  const place: TablePlace = { name, branch, at: isNewest ? undefined : at };
  return (
    <Page
      title={name}
      docs="concepts/table.md"
      lead={data === undefined ? undefined : <Lead table={data.table} />}
      actions={
        <>
          {(data?.history.length ?? 0) < 2 ? null : (
            <Link
              to="/tables/$name/changes"
              params={{ name }}
              search={branch === undefined ? {} : { branch }}
              className="button"
            >
              What changed
            </Link>
          )}
          <Link to="/lineage/$name" params={{ name }} className="button">
            Lineage
          </Link>
          <Link to="/sql" search={{ sql: `select *\nfrom ${nameInSql(name)}\nlimit 100` }} className="button">
            Ask in SQL
          </Link>
        </>
      }
    >
      <OnBranch branch={branch} />
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : <Shown shown={data} place={place} />}
    </Page>
  );
}

function Shown({ shown: { table, history }, place }: { readonly shown: TableWithHistory; readonly place: TablePlace }) {
  const anatomy = useQuery({
    queryKey: ["anatomy", place, table.snapshotId],
    queryFn: () => api.showAnatomy({ name: place.name, ...optionsOf(place) }),
  });
  const snapshot = history.find(({ snapshotId }) => snapshotId === place.at);
  const total = place.at === undefined ? table.rowCount : (snapshot?.rowCount ?? null);
  return (
    <>
      {place.at === undefined ? null : <NotNow place={place} atMs={snapshot?.committedAtMs} />}
      <Panel title="Columns">
        <ColumnTable table={table} anatomy={anatomy.data} rows={total} />
      </Panel>
      <TableRows key={`${place.name} ${place.branch} ${place.at} ${table.snapshotId}`} place={place} total={total} />
      {table.sql === null ? (
        <div className="columns">
          <div className="stack">
            <SnapshotPanel
              history={history}
              place={place}
              current={table.snapshotId}
              refs={anatomy.data?.refs ?? NO_REFS}
            />
            {anatomy.data === undefined ? null : <SchemaPanel schemas={anatomy.data.schemas} place={place} />}
            {place.branch === undefined ? <CarePanel place={place} /> : null}
          </div>
          {anatomy.data === undefined ? null : <FilePanel anatomy={anatomy.data} place={place} />}
        </div>
      ) : (
        <Panel title="What the view selects">
          <pre className="body scroll" tabIndex={0} style={{ margin: 0 }}>
            {table.sql}
          </pre>
        </Panel>
      )}
      {anatomy.error === null ? null : <Problem error={anatomy.error} />}
    </>
  );
}

const NO_REFS = [] as const;

/** The rows are of an earlier snapshot: says so, with the way back. */
function NotNow({ place: { name, branch }, atMs }: { readonly place: TablePlace; readonly atMs: number | undefined }) {
  return (
    <p className="notice" role="status">
      The rows are those of {atMs === undefined ? "an earlier snapshot" : <Ago atMs={atMs} />}, not of now.{" "}
      <Link to="/tables/$name" params={{ name }} search={branch === undefined ? {} : { branch }}>
        Show the newest
      </Link>
    </p>
  );
}

function Lead({ table }: { readonly table: Table }) {
  const { rowCount, fileCount } = table;
  return (
    <>
      {table.kind}
      {rowCount === null
        ? ""
        : `, ${count(rowCount)} ${rowCount === 1 ? "row" : "rows"}, ${bytes(table.bytes)} in ${count(fileCount)} ${fileCount === 1 ? "file" : "files"}`}
      , written <Ago atMs={table.updatedAtMs} />
    </>
  );
}
