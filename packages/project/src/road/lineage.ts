import type { LineageDataset, LineageEvent } from "@millwright/kernel";
import { columnFacets, type ColumnLineage } from "@millwright/governance";
import type { TaskContext } from "@millwright/orchestration";
import type { RoadParts } from "./parts.ts";

export interface Made {
  readonly task: string;
  /** `kind:name` of what was read. */
  readonly inputs: readonly string[];
  /** `kind:name` of what was made, and what its columns come from. */
  readonly outputs: Readonly<Record<string, ColumnLineage>>;
  readonly facets?: Readonly<Record<string, unknown>>;
}

/** Says what a finished step made from what, to the column, as one OpenLineage event. */
export async function tellLineage(parts: RoadParts, context: TaskContext, made: Made): Promise<void> {
  const namespace = "millwright";
  const event: LineageEvent = {
    eventType: "COMPLETE",
    eventTime: new Date(parts.clock.nowMs()).toISOString(),
    run: { runId: context.runId, ...(made.facets === undefined ? {} : { facets: made.facets }) },
    job: { namespace, name: made.task },
    inputs: [...new Set(made.inputs)].map((name): LineageDataset => ({ namespace, name })),
    outputs: Object.entries(made.outputs).map(([name, columns]) => ({
      namespace,
      name,
      facets: columnFacets(columns),
    })),
  };
  await parts.lineage.emit(event);
}
