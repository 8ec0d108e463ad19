import type { Column, Table } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { idOf, sourcesOf, type ColumnName } from "../lineage/column-lineage.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";

/** A table's columns, each with those that its value comes from. */
export function ColumnTable({ table: { name, columns } }: { readonly table: Table }) {
  const dataset = `table:${name}`;
  // A table that no run has made has no lineage, which is no problem here.
  const { data } = useQuery({
    queryKey: ["lineage", dataset],
    queryFn: () => api.showLineage({ name: dataset }),
    retry: false,
  });
  const sources = data === undefined ? undefined : sourcesOf(data.columns, dataset);
  const shown: readonly DataColumn<Column>[] = [
    {
      name: "column",
      show: (column) => <ColumnLink to={{ name: dataset, column: column.name }} isKnown={sources !== undefined} />,
    },
    { name: "type", show: ({ type }) => <span className="mono muted">{type}</span> },
    {
      name: "value comes from",
      wrap: true,
      show: (column) => <Sources sources={sources?.get(column.name) ?? []} />,
    },
    { name: "about", wrap: true, show: ({ doc }) => doc ?? "" },
  ];
  return <DataTable label="Columns" rows={columns} columns={shown} keyOf={(column) => column.name} />;
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
