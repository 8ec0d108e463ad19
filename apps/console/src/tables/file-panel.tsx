import type { TableAnatomy } from "@millwright/client";
import { bytes, count } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";

type File = TableAnatomy["files"][number];

const COLUMNS: readonly DataColumn<File>[] = [
  {
    name: "file",
    show: ({ path }) => (
      <span className="mono cut">
        <Middle text={path} />
      </span>
    ),
  },
  { name: "rows", isNumber: true, sort: ({ rows }) => rows, show: ({ rows }) => count(rows) },
  { name: "size", isNumber: true, sort: (file) => file.bytes, show: (file) => bytes(file.bytes) },
  {
    name: "a row",
    isNumber: true,
    sort: (file) => file.bytes / Math.max(1, file.rows),
    show: (file) => bytes(Math.round(file.bytes / Math.max(1, file.rows))),
  },
];

const PARTITION: DataColumn<File> = {
  name: "partition",
  sort: ({ partition }) => partition ?? "",
  show: ({ partition }) => <span className="mono">{partition ?? "–"}</span>,
};

/** The Parquet files that are the table at this snapshot. */
export function FilePanel({ anatomy: { files, fileCount } }: { readonly anatomy: TableAnatomy }) {
  const isPartitioned = files.some(({ partition }) => partition !== null);
  return (
    <Panel
      title="Files"
      aside={
        <span className="muted">
          {files.length < fileCount ? `the ${count(files.length)} largest of ${count(fileCount)}` : count(fileCount)}
          {isPartitioned ? "" : ", not partitioned"}
        </span>
      }
    >
      <div className="limited">
        <DataTable
          label="Files"
          rows={files}
          columns={isPartitioned ? [PARTITION, ...COLUMNS] : COLUMNS}
          keyOf={({ path }) => path}
        />
      </div>
    </Panel>
  );
}
