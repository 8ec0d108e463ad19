import type { BranchChange, BranchWithChanges } from "@millwright/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { Problem } from "../parts/problem.tsx";
import { Sheet } from "../parts/sheet.tsx";

interface PublishProps extends BranchWithChanges {
  readonly onPublished: (changes: readonly BranchChange[]) => void;
}

/** Makes main what the branch is, after showing what that changes. */
export function PublishBranch({ name, changes, onPublished }: PublishProps) {
  const [isOpen, setOpen] = useState(false);
  const queries = useQueryClient();
  const publish = useMutation({
    mutationFn: () => api.publishBranch({ branch: name }),
    onSuccess: async (published) => {
      setOpen(false);
      onPublished(published.changes);
      await queries.invalidateQueries();
    },
  });
  const conflicts = changes.filter(({ isConflict }) => isConflict);
  return (
    <>
      <button type="button" className="button primary" disabled={changes.length === 0} onClick={() => setOpen(true)}>
        Publish
      </button>
      {isOpen ? (
        <Sheet label="Publish" onClose={() => setOpen(false)}>
          <div className="menu">
            <h2>Make main what {name} is</h2>
            <p className="muted">
              All of it in one step, or nothing. Who reads main sees these tables from then on; main's own state of them
              stays in its snapshots.
            </p>
            <Preview changes={changes} />
            {conflicts.length === 0 ? null : (
              <p className="notice">
                Main has changed {conflicts.map((change) => change.name).join(", ")} since the branch took{" "}
                {conflicts.length === 1 ? "it" : "them"}: publishing would undo that. Drop the branch, and run it again
                from main as it is now.
              </p>
            )}
            {publish.error === null ? null : <Problem error={publish.error} />}
            <div className="row">
              <button
                type="button"
                className="button primary"
                disabled={publish.isPending || conflicts.length > 0}
                onClick={() => publish.mutate()}
              >
                Publish {count(changes.length)} {changes.length === 1 ? "table" : "tables"}
              </button>
              <button type="button" className="button" onClick={() => setOpen(false)}>
                Leave it
              </button>
            </div>
          </div>
        </Sheet>
      ) : null}
    </>
  );
}

/** What would be main's. */
function Preview({ changes }: { readonly changes: readonly BranchChange[] }) {
  const rows = (value: number | null) => (value === null ? "–" : `${count(value)} rows`);
  return (
    <div className="scroll preview" tabIndex={0} role="region" aria-label="What would be changed">
      <table className="data">
        <tbody>
          {changes.map(({ name, kind, rowsBefore, rowsAfter }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{kind}</td>
              <td className="number">
                {rows(rowsBefore)} → {rows(rowsAfter)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Forgets the branch, after saying what goes with it. */
export function DropBranch({ name, changes }: BranchWithChanges) {
  const [isOpen, setOpen] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const drop = useMutation({
    mutationFn: () => api.dropBranch({ branch: name }),
    onSuccess: async () => {
      await navigate({ to: "/branches" });
      queries.removeQueries({ queryKey: ["branches", name] });
      await queries.invalidateQueries({ queryKey: ["branches"] });
    },
  });
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Drop
      </button>
      {isOpen ? (
        <Sheet label="Drop" onClose={() => setOpen(false)}>
          <div className="menu">
            <h2>Forget {name}</h2>
            <p className="muted">
              {changes.length === 0
                ? "Nothing is lost: every table is as main's."
                : "Main stays as it is. What was written here alone, and not published, is gone:"}
            </p>
            {changes.length === 0 ? null : <Preview changes={changes} />}
            {drop.error === null ? null : <Problem error={drop.error} />}
            <div className="row">
              <button type="button" className="button danger" disabled={drop.isPending} onClick={() => drop.mutate()}>
                Drop {name}
              </button>
              <button type="button" className="button" onClick={() => setOpen(false)}>
                Leave it
              </button>
            </div>
          </div>
        </Sheet>
      ) : null}
    </>
  );
}
