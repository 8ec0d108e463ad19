import type { Snapshot, TableChanges, TableWithHistory } from "@millwright/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { api } from "../api.ts";
import { OnBranch } from "../branches/on-branch.tsx";
import { count, exactTime } from "../format.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { ChangedFiles } from "./changed-files.tsx";
import { ChangedRows } from "./changed-rows.tsx";
import { optionsOf } from "./table-place.ts";

const SHOWN_MAX = 500;

/** What the address of the page says: two snapshots, and the columns by which a row is the same one. */
export interface ChangesSearch {
  readonly from?: string;
  readonly to?: string;
  /** With commas between. */
  readonly keys?: string;
  readonly branch?: string;
}

/** What differs between two snapshots of a table: rows, columns, files. */
export function ChangesPage() {
  const { name } = useParams({ from: "/tables/$name/changes" });
  const search = useSearch({ from: "/tables/$name/changes" });
  const { branch } = search;
  const { data, error } = useQuery({
    queryKey: ["tables", name, branch],
    queryFn: () => api.showTable({ name, ...optionsOf({ branch }) }),
  });
  return (
    <Page
      title={`What changed in ${name}`}
      docs="concepts/table.md"
      lead="The rows that one of two snapshots has and the other has not"
      actions={
        <Link to="/tables/$name" params={{ name }} search={branch === undefined ? {} : { branch }} className="button">
          The table
        </Link>
      }
    >
      <OnBranch branch={branch} />
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : data.history.length === 0 ? (
        <p className="muted">{name} has no snapshots: nothing was written into it.</p>
      ) : (
        <Between shown={data} search={search} />
      )}
    </Page>
  );
}

interface BetweenProps {
  readonly shown: TableWithHistory;
  readonly search: ChangesSearch;
}

function Between({ shown, search }: BetweenProps) {
  const { table, history } = shown;
  const { branch, keys } = search;
  const to = search.to ?? table.snapshotId ?? history.at(-1)?.snapshotId ?? "";
  const from = search.from ?? history.find(({ snapshotId }) => snapshotId === to)?.parentId ?? undefined;
  const changes = useQuery({
    queryKey: ["changes", table.name, branch, from, to, keys],
    queryFn: () =>
      api.showChanges({
        name: table.name,
        to,
        limit: SHOWN_MAX,
        ...(from === undefined ? {} : { from }),
        ...(keys === undefined ? {} : { keys }),
        ...(branch === undefined ? {} : { branch }),
      }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  });
  return (
    <>
      <Range history={history} from={from} to={to} search={search} />
      {changes.error === null ? null : <Problem error={changes.error} />}
      {changes.data === undefined ? (
        <p className="muted" role="status">
          {changes.isPending ? "Comparing the files that differ…" : ""}
        </p>
      ) : (
        <>
          <Totals changes={changes.data} />
          <ChangedRows changes={changes.data} search={search} />
        </>
      )}
      <ChangedFiles name={table.name} branch={branch} from={from} to={to} />
    </>
  );
}

interface RangeProps {
  readonly history: readonly Snapshot[];
  readonly from: string | undefined;
  readonly to: string;
  readonly search: ChangesSearch;
}

/** The two snapshots, and a way to choose others. */
function Range({ history, from, to, search }: RangeProps) {
  const { name } = useParams({ from: "/tables/$name/changes" });
  const navigate = useNavigate();
  const newest = history.toReversed();
  const choose = (part: Pick<ChangesSearch, "from" | "to">) =>
    void navigate({
      to: "/tables/$name/changes",
      params: { name },
      search: { ...search, to, ...(from === undefined ? {} : { from }), ...part },
    });
  const options = newest.map(({ snapshotId, operation, committedAtMs, rowCount }) => (
    <option key={snapshotId} value={snapshotId}>
      {exactTime(committedAtMs)}, {operation}, {count(rowCount)} rows
    </option>
  ));
  return (
    <div className="row">
      <label className="row">
        from
        <select className="field" value={from ?? ""} onChange={(event) => choose({ from: event.target.value })}>
          {from === undefined ? <option value="">nothing, before the first</option> : null}
          {options}
        </select>
      </label>
      <label className="row">
        to
        <select className="field" value={to} onChange={(event) => choose({ to: event.target.value })}>
          {options}
        </select>
      </label>
    </div>
  );
}

function Totals({ changes: { inserted, deleted, updated } }: { readonly changes: TableChanges }) {
  const totals = [
    { word: "inserted", sign: "+", value: inserted, tone: "good" },
    { word: "deleted", sign: "−", value: deleted, tone: "bad" },
    { word: "updated", sign: "", value: updated, tone: "busy" },
  ];
  return (
    <Panel title="Rows">
      <dl className="body numbers">
        {totals.flatMap(({ word, sign, value, tone }) => [
          <dt key={word}>{word}</dt>,
          <dd key={`${word} rows`} className={value === 0 ? "muted" : `state-text ${tone}`}>
            {value === 0 ? "" : sign}
            {count(value)}
          </dd>,
        ])}
      </dl>
    </Panel>
  );
}
