import type { TableAnatomy } from "@millwright/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { bytes, count, counted } from "../format.ts";
import { Choice } from "../parts/choice.tsx";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Middle } from "../parts/middle.tsx";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";
import { COLOURED_BY, FileMap, type ColouredBy, type File } from "./file-map.tsx";
import { FileSpans } from "./file-spans.tsx";
import { optionsOf, type TablePlace } from "./table-place.ts";

const COLUMNS: readonly DataColumn<File>[] = [
  {
    name: "file",
    show: ({ path }) => (
      <span className="mono cut">
        <Middle text={path.slice(path.lastIndexOf("/") + 1)} />
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
  {
    name: "deletes",
    isNumber: true,
    sort: ({ deletedRowsMax }) => deletedRowsMax,
    show: ({ deleteFiles, deletedRowsMax }) => (deleteFiles === 0 ? "none" : `≤ ${counted(deletedRowsMax, "row")}`),
  },
  { name: "written", sort: ({ addedAtMs }) => addedAtMs ?? 0, show: ({ addedAtMs }) => <Written atMs={addedAtMs} /> },
];

const PARTITION: DataColumn<File> = {
  name: "partition",
  sort: ({ partition }) => partition ?? "",
  show: ({ partition }) => <span className="mono">{partition ?? "–"}</span>,
};

/** A file of a snapshot that is forgotten is older than those that are not. */
function Written({ atMs }: { readonly atMs: number | null }) {
  return atMs === null ? <span className="muted">before the oldest snapshot</span> : <Ago atMs={atMs} />;
}

interface FilePanelProps {
  readonly anatomy: TableAnatomy;
  readonly place: TablePlace;
}

/** The Parquet files that are the table at this snapshot: drawn by partition and size, and as a list. */
export function FilePanel({ anatomy, place }: FilePanelProps) {
  const [colouredBy, setColouredBy] = useState<ColouredBy>("age");
  const [column, setColumn] = useState<string>();
  const { data } = useQuery({
    queryKey: ["anatomy", place, anatomy.snapshotId, column],
    queryFn: () =>
      api.showAnatomy({ name: place.name, ...optionsOf(place), ...(column === undefined ? {} : { spansOf: column }) }),
    enabled: column !== undefined,
    placeholderData: keepPreviousData,
  });
  const { files, fileCount, deleteFileCount, partitionedBy, spansOf } = data ?? anatomy;
  const isPartitioned = files.some(({ partition }) => partition !== null);
  const isDrawn = files.length > 1;
  return (
    <Panel title="Files and partitions" aside={<Arranged anatomy={anatomy} />}>
      {isDrawn ? (
        <>
          <div className="body row between map-head">
            <Choice
              label="Coloured by"
              options={COLOURED_BY}
              chosen={colouredBy}
              onChoose={(by) => setColouredBy(by === "deletes" ? "deletes" : "age")}
            />
            <label className="row">
              reach in
              <select className="field" value={spansOf ?? ""} onChange={(event) => setColumn(event.target.value)}>
                {spansOf === null ? <option value="">no column</option> : null}
                {anatomy.columns
                  .filter(({ least, most }) => least !== null && most !== null)
                  .map(({ name }) => (
                    <option key={name}>{name}</option>
                  ))}
              </select>
            </label>
          </div>
          <FileMap files={files} spansOf={spansOf} colouredBy={colouredBy} />
          {spansOf === null ? null : <FileSpans files={files} column={spansOf} />}
        </>
      ) : null}
      <p className="body muted">
        {files.length < fileCount
          ? `The ${count(files.length)} largest of ${counted(fileCount, "file")}`
          : counted(fileCount, "file")}
        {deleteFileCount === 0 ? "" : ` and ${counted(deleteFileCount, "delete file")}`}
        {isPartitioned
          ? ` in ${counted(new Set(files.map(({ partition }) => partition)).size, "partition")}`
          : partitionedBy === null
            ? ", not partitioned"
            : ", written before the table was partitioned"}
        .
      </p>
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

/** By what new rows are told apart and put in order. */
function Arranged({ anatomy: { partitionedBy, sortedBy } }: { readonly anatomy: TableAnatomy }) {
  if (partitionedBy === null && sortedBy === null) return null;
  return (
    <span className="muted">
      {partitionedBy === null ? null : (
        <>
          by <span className="mono">{partitionedBy}</span>
        </>
      )}
      {sortedBy === null ? null : (
        <>
          {partitionedBy === null ? "" : ", "}sorted by <span className="mono">{sortedBy}</span>
        </>
      )}
    </span>
  );
}
