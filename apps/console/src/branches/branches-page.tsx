import type { Branch, BranchChange } from "@millwright/client";
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { Publications } from "./publications.tsx";
import { Standing } from "./standing.tsx";

interface Listed extends Branch {
  /** Undefined while it is not known yet. */
  readonly changes: readonly BranchChange[] | undefined;
}

const COLUMNS: readonly DataColumn<Listed>[] = [
  {
    name: "branch",
    sort: ({ name }) => name,
    show: ({ name }) => (
      <Link to="/branches/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  {
    name: "taken from main",
    sort: ({ createdAtMs }) => createdAtMs,
    show: ({ createdAtMs }) => <Ago atMs={createdAtMs} />,
  },
  {
    name: "tables changed",
    isNumber: true,
    sort: ({ changes }) => changes?.length ?? -1,
    show: ({ changes }) => count(changes?.length),
  },
  { name: "standing", show: ({ changes }) => (changes === undefined ? null : <Standing changes={changes} />) },
];

/** The states of the tables beside main. */
export function BranchesPage() {
  const { data, error } = useQuery({ queryKey: ["branches"], queryFn: () => api.listBranches() });
  const changes = useQueries({
    queries: (data ?? []).map(({ name }) => ({
      queryKey: ["branches", name],
      queryFn: () => api.showBranch({ branch: name }),
    })),
  });
  const rows = (data ?? []).map((branch, index) => ({ ...branch, changes: changes[index]?.data?.changes }));
  return (
    <Page
      title="Branches"
      docs="how-to/publish-by-branch.md"
      lead="States of the tables beside main: write there, audit, publish in one step"
      actions={<NewBranch />}
    >
      {error === null ? null : <Problem error={error} />}
      {data?.length === 0 ? (
        <Empty command="npx mill run --branch audit">
          A branch begins as main is and shares its files. What a run writes there touches nothing of main until you
          publish it, whole or not at all.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Branches" rows={rows} columns={COLUMNS} keyOf={({ name }) => name} />
        </div>
      )}
      <Publications />
    </Page>
  );
}

/** Makes a branch, to be written to by `mill run --branch`. */
function NewBranch() {
  const [name, setName] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () => api.createBranch({ body: { name: name.trim() } }),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["branches"] });
      void navigate({ to: "/branches/$name", params: { name: made.name } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form className="row" onSubmit={submit}>
      {create.error === null ? null : <span className="state bad">{create.error.message}</span>}
      <input
        className="field"
        aria-label="Name of a new branch"
        placeholder="audit"
        maxLength={64}
        required
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" className="button" disabled={create.isPending || name.trim() === ""}>
        New branch
      </button>
    </form>
  );
}
