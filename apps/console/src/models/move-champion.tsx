import type { AliasMoved, ModelVersion } from "@millwright/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { Icon } from "../parts/icons.tsx";
import { Problem } from "../parts/problem.tsx";
import { ReasonField } from "../parts/reason-field.tsx";
import { Sheet } from "../parts/sheet.tsx";

interface MoveChampionProps {
  readonly shown: ModelVersion;
  readonly champion: ModelVersion | undefined;
  readonly onMoved: (moved: AliasMoved) => void;
}

/** Makes the shown version the champion; where it is that, goes back to the one before. Either asks for a reason first. */
export function MoveChampion({ shown, champion, onMoved }: MoveChampionProps) {
  const [isOpen, setOpen] = useState(false);
  const isChampion = champion?.version === shown.version;
  return (
    <>
      <button type="button" className={`button ${isChampion ? "" : "primary"}`} onClick={() => setOpen(true)}>
        <Icon name={isChampion ? "back" : "done"} size={14} />
        {isChampion ? "Roll back" : "Promote"}
      </button>
      {isOpen ? <MoveSheet shown={shown} champion={champion} onClose={() => setOpen(false)} onMoved={onMoved} /> : null}
    </>
  );
}

function MoveSheet({ shown, champion, onClose, onMoved }: MoveChampionProps & { readonly onClose: () => void }) {
  const { model, version } = shown;
  const isRollback = champion?.version === version;
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const move = useMutation({
    mutationFn: () =>
      isRollback
        ? api.rollbackModel({ name: model, body: { reason } })
        : api.promoteModel({ name: model, body: { version, reason } }),
    onSuccess: async (moved) => {
      await queries.invalidateQueries({ queryKey: ["models"] });
      onMoved(moved);
      onClose();
    },
  });
  return (
    <Sheet label={isRollback ? "Roll back" : "Promote"} onClose={onClose}>
      <form
        className="menu"
        onSubmit={(event) => {
          event.preventDefault();
          move.mutate();
        }}
      >
        <h2>{isRollback ? `Roll ${model} back` : `Make version ${version} of ${model} the champion`}</h2>
        <p className="muted">
          {isRollback
            ? `The version that was the champion before version ${version} is it again.`
            : `Now it is ${champion === undefined ? "none" : `version ${champion.version}`}.`}{" "}
          <Touched model={model} /> It can be taken back in the same way.
        </p>
        {move.error === null ? null : <Problem error={move.error} />}
        <ReasonField reason={reason} onChange={setReason} />
        <div className="row">
          <button type="submit" className="button primary" disabled={move.isPending || reason.trim() === ""}>
            {isRollback ? "Roll back" : "Promote"}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Sheet>
  );
}

/** What answers with the champion. */
function Touched({ model }: { readonly model: string }) {
  const { data } = useQuery({ queryKey: ["services"], queryFn: () => api.listServices() });
  const names = (data ?? []).filter((service) => service.model === model).map(({ name }) => name);
  if (names.length === 0) return <>No service answers with it.</>;
  return (
    <>
      {names.length === 1 ? "The service" : "The services"} <strong>{names.join(", ")}</strong>{" "}
      {names.length === 1 ? "answers" : "answer"} with it at once, without a failed request.
    </>
  );
}
