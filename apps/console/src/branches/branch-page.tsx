import type { BranchChange } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { count, signedCount } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { Ago } from "../parts/time.tsx";
import { BranchRuns } from "./branch-runs.tsx";
import { DropBranch, PublishBranch } from "./branch-actions.tsx";
import { TableDifference } from "./table-difference.tsx";
import { Standing } from "./standing.tsx";

/** What a branch has changed of main, and the way there or away. */
export function BranchPage() {
  const { name } = useParams({ from: "/branches/$name" });
  const [published, setPublished] = useState<readonly BranchChange[]>();
  const [compared, setCompared] = useState<string>();
  const branches = useQuery({ queryKey: ["branches"], queryFn: () => api.listBranches() });
  const { data, error } = useQuery({
    queryKey: ["branches", name],
    queryFn: () => api.showBranch({ branch: name }),
  });
  const created = branches.data?.find((branch) => branch.name === name)?.createdAtMs;
  return (
    <Page
      title={name}
      docs="how-to/publish-by-branch.md"
      lead={
        <>
          a branch{created === undefined ? "" : ", taken from main "}
          {created === undefined ? null : <Ago atMs={created} />}
        </>
      }
      actions={
        data === undefined ? undefined : (
          <>
            <Standing changes={data.changes} />
            <Link to="/tables" search={{ branch: name }} className="button">
              Its tables
            </Link>
            <DropBranch {...data} />
            <PublishBranch {...data} onPublished={setPublished} />
          </>
        )
      }
    >
      {error === null ? null : <Problem error={error} />}
      {published === undefined ? null : <Published changes={published} />}
      {data === undefined ? null : (
        <>
          <Changes name={name} changes={data.changes} compared={compared} onCompare={setCompared} />
          {compared === undefined ? null : <TableDifference key={compared} branch={name} table={compared} />}
          <BranchRuns branch={name} />
        </>
      )}
    </Page>
  );
}

function Published({ changes }: { readonly changes: readonly BranchChange[] }) {
  return (
    <p className="notice good" role="status">
      {changes.length === 1 ? "One table is" : `${changes.length} tables are`} main's now.{" "}
      <Link to="/">Run the road</Link> for what hangs on them: what the branch has done is not done again.
    </p>
  );
}

interface ChangesProps {
  readonly name: string;
  readonly changes: readonly BranchChange[];
  readonly compared: string | undefined;
  readonly onCompare: (table: string | undefined) => void;
}

function Changes({ name, changes, compared, onCompare }: ChangesProps) {
  if (changes.length === 0)
    return (
      <Panel title="What it changes of main">
        <Empty command={`npx mill run --branch ${name}`}>
          Nothing yet: every table is as main's. Change a model and run it here.
        </Empty>
      </Panel>
    );
  const columns: readonly DataColumn<BranchChange>[] = [
    {
      name: "table",
      sort: (change) => change.name,
      show: (change) => <ChangedName branch={name} change={change} />,
    },
    { name: "change", sort: ({ kind }) => kind, show: ({ kind }) => kind },
    { name: "rows on main", isNumber: true, show: ({ rowsBefore }) => count(rowsBefore) },
    { name: "rows here", isNumber: true, show: ({ rowsAfter }) => count(rowsAfter) },
    {
      name: "difference",
      isNumber: true,
      show: ({ rowsBefore, rowsAfter }) =>
        rowsBefore === null || rowsAfter === null ? "–" : signedCount(rowsAfter - rowsBefore),
    },
    {
      name: "main meanwhile",
      show: ({ isConflict }) => (
        <State state={isConflict ? "blocked" : "done"} word={isConflict ? "has changed it too" : "as it was"} />
      ),
    },
    {
      name: "rows",
      show: (change) =>
        change.rowsBefore === null || change.rowsAfter === null ? null : (
          <button
            type="button"
            className="button small"
            aria-pressed={compared === change.name}
            onClick={() => onCompare(compared === change.name ? undefined : change.name)}
          >
            Compare
          </button>
        ),
    },
  ];
  return (
    <Panel title="What it changes of main">
      <DataTable label="What it changes of main" rows={changes} columns={columns} keyOf={(change) => change.name} />
    </Panel>
  );
}

function ChangedName({ branch, change: { name, kind } }: { readonly branch: string; readonly change: BranchChange }) {
  return (
    <Link to="/tables/$name" params={{ name }} search={kind === "removed" ? {} : { branch }}>
      {name}
    </Link>
  );
}
