import type { LineageDataset, LineageEvent } from "@millwright/kernel";
import type { QueryBuilder } from "@millwright/platform";

export const MAIN = "main";

export interface EventTable {
  lineage_event: { id: string; job: string; event: string; told_at: number; branch: string };
}

/** What a branch sees of rows that were told: its own, and main's of the steps that it has not taken itself. */
export interface BranchView {
  readonly branches: readonly string[];
  sees(row: { readonly branch: string; readonly job: string }): boolean;
}

export async function viewOf(queries: QueryBuilder<EventTable>, branch: string): Promise<BranchView> {
  if (branch === MAIN) return { branches: [MAIN], sees: () => true };
  const rows = await queries
    .selectFrom("lineage_event")
    .select("job")
    .distinct()
    .where("branch", "=", branch)
    .execute();
  const own = new Set(rows.map(({ job }) => job));
  return { branches: [branch, MAIN], sees: (row) => row.branch === branch || !own.has(row.job) };
}

/** A branch's datasets are not main's: they stand in a namespace of their own. */
export function spacedOn(branch: string, event: LineageEvent): LineageEvent {
  return branch === MAIN ? event : inSpaces(event, (namespace) => `${namespace}@${branch}`);
}

/** The same event as main would have told it. */
export function spacedOnMain(branch: string, event: LineageEvent): LineageEvent {
  const suffix = `@${branch}`;
  return inSpaces(event, (namespace) => (namespace.endsWith(suffix) ? namespace.slice(0, -suffix.length) : namespace));
}

function inSpaces(event: LineageEvent, space: (namespace: string) => string): LineageEvent {
  const moved = (dataset: LineageDataset) => ({ ...dataset, namespace: space(dataset.namespace) });
  return {
    ...event,
    job: { ...event.job, namespace: space(event.job.namespace) },
    inputs: event.inputs.map(moved),
    outputs: event.outputs.map(moved),
  };
}
