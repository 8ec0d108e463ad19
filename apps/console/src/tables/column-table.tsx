import type { Column, Table, TableAnatomy } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { bytes, count, percent } from "../format.ts";
import { idOf, sourcesOf, type ColumnName } from "../lineage/column-lineage.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";

interface ColumnTableProps {
  readonly table: Table;
  /** What its files say; absent until it is read. */
  readonly anatomy: TableAnatomy | undefined;
  readonly rows: number | null;
}

type Stored = TableAnatomy["columns"][number];

/** A table's columns: what is in each, and which others its value comes from. */
export function ColumnTable({ table: { name, columns }, anatomy, rows }: ColumnTableProps) {
  const dataset = `table:${name}`;
  // A table that no run has made has no lineage, which is no problem here.
  const { data } = useQuery({
    queryKey: ["lineage", dataset],
    queryFn: () => api.showLineage({ name: dataset }),
    retry: false,
  });
  const sources = data === undefined ? undefined : sourcesOf(data.columns, dataset);
  const stored = new Map((anatomy?.columns ?? []).map((column) => [column.name, column]));
  const storedColumns = anatomy === undefined || stored.size === 0 ? [] : columnsOfStored(stored, rows);
  const shown: readonly DataColumn<Column>[] = [
    {
      name: "column",
      show: (column) => <ColumnLink to={{ name: dataset, column: column.name }} isKnown={sources !== undefined} />,
    },
    { name: "type", show: ({ type }) => <span className="mono muted">{type}</span> },
    ...storedColumns,
    {
      name: "value comes from",
      wrap: true,
      show: (column) => <Sources sources={sources?.get(column.name) ?? []} />,
    },
    ...(columns.some(({ doc }) => doc !== undefined && doc !== "")
      ? [{ name: "about", wrap: true, show: ({ doc }: Column) => doc ?? "" }]
      : []),
  ];
  return (
    <div className="limited">
      <DataTable label="Columns" rows={columns} columns={shown} keyOf={(column) => column.name} />
    </div>
  );
}

/** What the files say of each column, without being read. */
function columnsOfStored(stored: ReadonlyMap<string, Stored>, rows: number | null): readonly DataColumn<Column>[] {
  const of = ({ name }: Column) => stored.get(name);
  return [
    {
      name: "missing",
      isNumber: true,
      sort: (column) => of(column)?.nulls ?? 0,
      show: (column) => missing(of(column)?.nulls, rows),
    },
    { name: "least", show: (column) => <Bound text={of(column)?.least} /> },
    { name: "most", show: (column) => <Bound text={of(column)?.most} /> },
    {
      name: "size",
      isNumber: true,
      sort: (column) => of(column)?.bytes ?? 0,
      show: (column) => bytes(of(column)?.bytes),
    },
  ];
}

function missing(nulls: number | undefined, rows: number | null): string {
  if (nulls === undefined) return "–";
  if (nulls === 0) return "none";
  return rows === null || rows === 0 ? count(nulls) : percent(nulls / rows);
}

function Bound({ text }: { readonly text: string | null | undefined }) {
  if (text === null || text === undefined) return <span className="muted">–</span>;
  return (
    <span className="mono bound" title={text}>
      {text}
    </span>
  );
}

function ColumnLink({ to, isKnown }: { readonly to: ColumnName; readonly isKnown: boolean }) {
  if (!isKnown) return <span className="mono">{to.column}</span>;
  return (
    <Link to="/lineage/$name" params={{ name: idOf(to) }} className="mono">
      {to.column}
    </Link>
  );
}

const SHOWN_MAX = 4;

function Sources({ sources }: { readonly sources: readonly ColumnName[] }) {
  const more = sources.length - SHOWN_MAX;
  return (
    <span className="mono">
      {sources.slice(0, SHOWN_MAX).map((source, index) => (
        <span key={idOf(source)}>
          {index === 0 ? "" : ", "}
          <Link to="/lineage/$name" params={{ name: idOf(source) }}>
            {plain(source)}
          </Link>
        </span>
      ))}
      {more > 0 ? <span className="muted">{` and ${more} more`}</span> : null}
    </span>
  );
}

function plain({ name, column }: ColumnName): string {
  const file = name.slice(name.indexOf(":") + 1);
  const short = name.startsWith("file:") ? file.slice(file.lastIndexOf("/") + 1) : file;
  return column === "*" ? `the rows of ${short}` : `${short}.${column}`;
}
