import { useQueries } from "@tanstack/react-query";
import { api } from "../api.ts";
import { bytes, counted } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { ColumnChangeList } from "./column-change-list.tsx";
import { columnChanges } from "./column-changes.ts";
import type { File } from "./file-map.tsx";
import { optionsOf } from "./table-place.ts";

interface ChangedFilesProps {
  readonly name: string;
  readonly branch: string | undefined;
  readonly from: string | undefined;
  readonly to: string;
}

/** What became of columns and files between two snapshots. */
export function ChangedFiles({ name, branch, from, to }: ChangedFilesProps) {
  const [old, now] = useQueries({
    queries: [from, to].map((at) => ({
      queryKey: ["anatomy", { name, branch, at }, at],
      queryFn: () => api.showAnatomy({ name, ...optionsOf({ branch, at }) }),
      enabled: at !== undefined,
      staleTime: Infinity,
      retry: false,
    })),
  });
  if (now?.data === undefined || (from !== undefined && old?.data === undefined)) return null;
  const before = old?.data;
  const changes = before === undefined ? [] : columnChanges(before.columns, now.data.columns);
  const [was, is] = [before?.files ?? [], now.data.files];
  const added = without(is, was);
  const removed = without(was, is);
  const deletes = now.data.deleteFileCount - (before?.deleteFileCount ?? 0);
  return (
    <div className="columns">
      <Panel title="Columns">
        <div className="body">
          {changes.length === 0 ? <p className="muted">The same in both.</p> : <ColumnChangeList changes={changes} />}
        </div>
      </Panel>
      <Panel title="Files">
        <dl className="body facts">
          <dt>added</dt>
          <dd>{told(added)}</dd>
          <dt>removed</dt>
          <dd>{told(removed)}</dd>
          <dt>in both</dt>
          <dd>{told(is.filter((file) => !added.includes(file)))}</dd>
          {deletes === 0 ? null : (
            <>
              <dt>delete files</dt>
              <dd>{deletes > 0 ? `${deletes} more` : `${-deletes} fewer`}</dd>
            </>
          )}
        </dl>
      </Panel>
    </div>
  );
}

function without(files: readonly File[], others: readonly File[]): readonly File[] {
  const paths = new Set(others.map(({ path }) => path));
  return files.filter(({ path }) => !paths.has(path));
}

function told(files: readonly File[]): string {
  if (files.length === 0) return "none";
  const [rows, size] = [sum(files, ({ rows: own }) => own), sum(files, (file) => file.bytes)];
  return `${counted(files.length, "file")}, ${counted(rows, "row")}, ${bytes(size)}`;
}

function sum(files: readonly File[], of: (file: File) => number): number {
  return files.reduce((all, file) => all + of(file), 0);
}
