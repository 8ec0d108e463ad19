import type { Publication } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";

const COLUMNS: readonly DataColumn<Publication>[] = [
  { name: "branch", sort: ({ branch }) => branch, show: ({ branch }) => branch },
  {
    name: "published",
    sort: ({ publishedAtMs }) => publishedAtMs,
    show: ({ publishedAtMs }) => <Ago atMs={publishedAtMs} />,
  },
  { name: "tables", show: ({ changes }) => changes.map(({ name }) => name).join(", ") },
  { name: "why", show: ({ reason }) => reason },
];

/** What went from branches to main, when and why; nothing while nothing has. */
export function Publications() {
  const { data } = useQuery({ queryKey: ["publications"], queryFn: () => api.listPublications() });
  if (data === undefined || data.length === 0) return null;
  return (
    <Panel title="Published to main">
      <DataTable label="Published to main" rows={data} columns={COLUMNS} keyOf={({ id }) => id} />
    </Panel>
  );
}
