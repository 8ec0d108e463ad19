import type { BranchChange, BranchWithChanges } from "@millwright/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { counted } from "../format.ts";
import { ConfirmSheet } from "../parts/confirm-sheet.tsx";
import { ChangePreview } from "./change-preview.tsx";

interface PublishProps extends BranchWithChanges {
  readonly onPublished: (changes: readonly BranchChange[]) => void;
}

/** Makes main what the branch is, after showing what that changes. */
export function PublishBranch({ name, changes, onPublished }: PublishProps) {
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const publish = useMutation({
    mutationFn: () => api.publishBranch({ branch: name, ...(reason.trim() === "" ? {} : { reason: reason.trim() }) }),
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
        <ConfirmSheet
          label="Publish"
          title={`Make main what ${name} is`}
          action={`Publish ${counted(changes.length, "table")}`}
          isPossible={conflicts.length === 0}
          isPending={publish.isPending}
          error={publish.error}
          onConfirm={() => publish.mutate()}
          onClose={() => setOpen(false)}
        >
          <p className="muted">
            All of it in one step, or nothing. Who reads main sees these tables from then on; main's own state of them
            stays in its snapshots.
          </p>
          <ChangePreview branch={name} changes={changes} />
          {conflicts.length === 0 ? null : (
            <p className="notice">
              Main has changed {conflicts.map((change) => change.name).join(", ")} since the branch took{" "}
              {conflicts.length === 1 ? "it" : "them"}: publishing would undo that. Drop the branch, and run it again
              from main as it is now.
            </p>
          )}
          <label className="stack">
            <span>Why? It is kept with the publication.</span>
            <input
              className="field"
              maxLength={1_000}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </label>
        </ConfirmSheet>
      ) : null}
    </>
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
        <ConfirmSheet
          label="Drop"
          title={`Forget ${name}`}
          action={`Drop ${name}`}
          isDangerous
          isPending={drop.isPending}
          error={drop.error}
          onConfirm={() => drop.mutate()}
          onClose={() => setOpen(false)}
        >
          <p className="muted">
            {changes.length === 0
              ? "Nothing is lost: every table is as main's."
              : "Main stays as it is. What was written here alone, and not published, is gone:"}
          </p>
          {changes.length === 0 ? null : <ChangePreview branch={name} changes={changes} />}
        </ConfirmSheet>
      ) : null}
    </>
  );
}
