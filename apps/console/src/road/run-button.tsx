import type { Road } from "@millwright/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { Icon } from "../parts/icons.tsx";
import { Problem } from "../parts/problem.tsx";
import { Sheet } from "../parts/sheet.tsx";

/** Takes the road, after saying what that does; while it runs, stops it. */
export function RunButton({ road, chosen }: { readonly road: Road; readonly chosen: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const cancel = useMutation({ mutationFn: (runId: string) => api.cancelRun({ runId }) });
  const { run } = road;
  if (run?.state === "running")
    return (
      <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate(run.runId)}>
        <Icon name="stop" size={14} />
        Stop
      </button>
    );
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen(true)}>
        <Icon name="play" size={14} />
        Run
      </button>
      {isOpen ? <RunSheet road={road} chosen={chosen} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

interface RunSheetProps {
  readonly road: Road;
  readonly chosen: string | undefined;
  readonly onClose: () => void;
}

function RunSheet({ road, chosen, onClose }: RunSheetProps) {
  const step = road.nodes.find(({ id }) => id === chosen);
  const start = useMutation({
    mutationFn: (body: Parameters<typeof api.startRun>[0]["body"]) =>
      api.startRun({ body: { ...body, trigger: "console" } }),
    onSuccess: onClose,
  });
  return (
    <Sheet label="Run" onClose={onClose}>
      <div className="menu">
        <h2>Run the road</h2>
        <p className="muted">
          A step whose definition and inputs are as at its last success is left as it is. Tables are replaced whole or
          not at all; the service goes on answering.
        </p>
        {start.error === null ? null : <Problem error={start.error} />}
        <div className="row">
          <button type="button" className="button primary" disabled={start.isPending} onClick={() => start.mutate({})}>
            What has changed
          </button>
          {step === undefined ? null : (
            <button
              type="button"
              className="button"
              disabled={start.isPending}
              onClick={() => start.mutate({ select: [`${step.name}+`], force: true })}
            >
              {step.name} and what hangs on it
            </button>
          )}
          <button
            type="button"
            className="button"
            disabled={start.isPending}
            onClick={() => start.mutate({ force: true })}
          >
            All {road.nodes.length} steps again
          </button>
        </div>
      </div>
    </Sheet>
  );
}
