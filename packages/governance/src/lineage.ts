import { defineErrors, type Clock, type IdSource, type LineageEvent, type LineageSink } from "@millwright/kernel";
import type { Database, MigrationSet } from "@millwright/platform";
import { lineage } from "./migrations/0001-lineage.ts";

export const governanceMigrations: MigrationSet = { area: "governance", migrations: [lineage] };

export const governanceErrors = defineErrors("governance", {
  "governance/unknown-name": {
    status: 404,
    title: "Nothing of this name has a lineage",
    remedy: "Give a table, feature view, model or service of the project, once a run has made it.",
    example: "mill lineage late-flights",
  },
});

export interface LineageEdge {
  readonly from: string;
  readonly to: string;
  /** The step that made one from the other. */
  readonly job: string;
}

export interface LineageGraph {
  readonly nodes: readonly string[];
  readonly edges: readonly LineageEdge[];
}

/** What was made from what. Names are `kind:name`. */
export interface Lineage extends LineageSink {
  /** Everything up and down from a name, given with or without its kind. Throws `governance/unknown-name`. */
  around(name: string): Promise<LineageGraph>;
}

const EDGES_MAX = 100_000;

interface Tables {
  lineage_event: { id: string; job: string; event: string; told_at: number };
  lineage_edge: { from_name: string; to_name: string; job: string };
}

export function createLineage({
  database,
  clock,
  ids,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Lineage {
  const kysely = database.as<Tables>();
  const write = database.grouped<Tables>();
  return {
    emit: (event) =>
      write(async (transaction) => {
        const job = event.job.name;
        await transaction
          .insertInto("lineage_event")
          .values({ id: ids(), job, event: JSON.stringify(event), told_at: clock.nowMs() })
          .execute();
        // What a step is made from may change: its edges are those of its latest event.
        await transaction.deleteFrom("lineage_edge").where("job", "=", job).execute();
        const edges = edgesOf(event);
        if (edges.length > 0)
          await transaction
            .insertInto("lineage_edge")
            .values(edges)
            .onConflict((on) => on.doNothing())
            .execute();
      }),
    around: async (name) => {
      const edges = await kysely.selectFrom("lineage_edge").selectAll().limit(EDGES_MAX).execute();
      const names = new Set(edges.flatMap(({ from_name, to_name }) => [from_name, to_name]));
      const start = [...names].filter(
        (known) =>
          known === name ||
          known.slice(known.indexOf(":") + 1) === name ||
          known.slice(known.indexOf(":") + 1).split("/")[0] === name,
      );
      if (start.length === 0) throw governanceErrors.create("governance/unknown-name", { because: name });
      const all = edges.map(({ from_name, to_name, job }) => ({ from: from_name, to: to_name, job }));
      const up = walk(start, all, (edge) => [edge.to, edge.from]);
      const down = walk(start, all, (edge) => [edge.from, edge.to]);
      const nodes = new Set([...up, ...down]);
      const within = (side: ReadonlySet<string>) => all.filter(({ from, to }) => side.has(from) && side.has(to));
      return { nodes: [...nodes].toSorted(), edges: [...new Set([...within(up), ...within(down)])] };
    },
  };
}

function edgesOf(event: LineageEvent): readonly Tables["lineage_edge"][] {
  return event.inputs.flatMap((input) =>
    event.outputs.map((output) => ({ from_name: input.name, to_name: output.name, job: event.job.name })),
  );
}

function walk(
  start: readonly string[],
  edges: readonly LineageEdge[],
  step: (edge: LineageEdge) => readonly [string, string],
): ReadonlySet<string> {
  const next = Map.groupBy(edges, (edge) => step(edge)[0]);
  const seen = new Set(start);
  const queue = [...start];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const edge of next.get(name) ?? []) {
      const other = step(edge)[1];
      if (seen.has(other)) continue;
      seen.add(other);
      queue.push(other);
    }
  }
  return seen;
}
