import type { LineageDataset, LineageEvent } from "@millwright/kernel";
import type { TaskContext } from "@millwright/orchestration";
import type { RoadParts } from "./parts.ts";

export interface Made {
  readonly task: string;
  /** `kind:name` of what was read and made. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly facets?: Readonly<Record<string, unknown>>;
}

/** Says what a finished step made from what, as one OpenLineage event. */
export async function tellLineage(parts: RoadParts, context: TaskContext, made: Made): Promise<void> {
  const namespace = "millwright";
  const dataset = (name: string): LineageDataset => ({ namespace, name });
  const event: LineageEvent = {
    eventType: "COMPLETE",
    eventTime: new Date(parts.clock.nowMs()).toISOString(),
    run: { runId: context.runId, ...(made.facets === undefined ? {} : { facets: made.facets }) },
    job: { namespace, name: made.task },
    inputs: made.inputs.map(dataset),
    outputs: made.outputs.map(dataset),
  };
  await parts.lineage.emit(event);
}
