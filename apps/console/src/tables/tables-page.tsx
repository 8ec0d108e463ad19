import type { Table } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { OnBranch } from "../branches/on-branch.tsx";
import { bytes, count } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Middle } from "../parts/middle.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";

const COLUMNS: readonly DataColumn<Table>[] = [
  {
    name: "name",
    sort: ({ name }) => name,
    show: ({ name }) => (
      <Link
        to="/tables/$name"
        params={{ name }}
        search={({ branch }) => (branch === undefined ? {} : { branch })}
        className="bound"
      >
        <Middle text={name} />
      </Link>
    ),
  },
  { name: "kind", sort: ({ kind }) => kind, show: ({ kind }) => kind },
  { name: "rows", isNumber: true, sort: ({ rowCount }) => rowCount ?? -1, show: ({ rowCount }) => count(rowCount) },
  { name: "size", isNumber: true, sort: (table) => table.bytes ?? -1, show: (table) => bytes(table.bytes) },
  { name: "columns", isNumber: true, sort: ({ columns }) => columns.length, show: ({ columns }) => columns.length },
  { name: "written", sort: ({ updatedAtMs }) => updatedAtMs, show: ({ updatedAtMs }) => <Ago atMs={updatedAtMs} /> },
];

export function TablesPage() {
  const { branch } = useSearch({ from: "/tables" });
  const [text, setText] = useState("");
  const { data, error } = useQuery({
    queryKey: ["table-list", branch ?? "main"],
    queryFn: () => api.listTables(branch === undefined ? {} : { branch }),
  });
  const shown = (data ?? []).filter(({ name }) => name.includes(text.toLowerCase()));
  return (
    <Page
      title="Tables"
      docs="concepts/table.md"
      lead={data === undefined ? undefined : `${data.length} tables and views`}
      actions={
        <input
          className="field"
          type="search"
          aria-label="Filter tables"
          placeholder="Filter"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      }
    >
      <OnBranch branch={branch} />
      {error === null ? null : <Problem error={error} />}
      {data?.length === 0 ? (
        <Empty command="npx mill run">
          The tables that sources and models make stand here, once the road has been taken.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Tables" rows={shown} columns={COLUMNS} keyOf={({ name }) => name} />
        </div>
      )}
    </Page>
  );
}
