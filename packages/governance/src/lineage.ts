import { defineErrors, type Clock, type IdSource, type LineageEvent, type LineageSink } from "@millwright/kernel";
import type { Database, MigrationSet } from "@millwright/platform";
import { columnGraph, type ColumnGraph } from "./column-graph.ts";
import { columnEdges, columnsOfDatasets, keepColumns, type ColumnTables } from "./column-store.ts";
import { lineage } from "./migrations/0001-lineage.ts";
import { lineageColumn } from "./migrations/0002-lineage-column.ts";

export const governanceMigrations: MigrationSet = { area: "governance", migrations: [lineage, lineageColumn] };

export const governanceErrors = defineErrors("governance", {
  "governance/unknown-name": {
    status: 404,
    title: "Nothing of this name has a lineage",
    remedy: "Give a table, feature view, model or service of the project, once a run has made it.",
    example: "mill lineage late-flights",
  },
  "governance/unknown-column": {
    status: 404,
    title: "There is no such column in the lineage",
    remedy: "`mill table show NAME` and `mill features show NAME` tell the columns that there are.",
    example: "mill lineage departures.late",
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

/** What to look for: a name with or without its kind, or `NAME.COLUMN`. */
export interface LineageQuestion {
  readonly name: string;
  /** As it was then; as it is now when absent. */
  readonly atMs?: number;
  /** Only where a value comes from, without what decides which rows there are. */
  readonly directOnly?: boolean;
}

/** What was made from what. Names are `kind:name`. */
export interface Lineage extends LineageSink {
  /** Everything up and down from a name or a column's dataset. Throws `governance/unknown-name`. */
  around(name: string): Promise<LineageGraph>;
  /** The same by columns. Throws `governance/unknown-name` and `governance/unknown-column`. */
  columns(question: LineageQuestion): Promise<ColumnGraph>;
}

const EDGES_MAX = 100_000;

interface Tables extends ColumnTables {
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
        await keepColumns(transaction, { event, nowMs: clock.nowMs() });
      }),
    around: async (name) => {
      const rows = await kysely.selectFrom("lineage_edge").selectAll().limit(EDGES_MAX).execute();
      const edges = rows.map(({ from_name, to_name, job }) => ({ from: from_name, to: to_name, job }));
      const start = [...asked(name, namesIn(edges)).datasets];
      const up = walk(start, edges, (edge) => [edge.to, edge.from]);
      const down = walk(start, edges, (edge) => [edge.from, edge.to]);
      const nodes = new Set([...up, ...down]);
      const within = (side: ReadonlySet<string>) => edges.filter(({ from, to }) => side.has(from) && side.has(to));
      return { nodes: [...nodes].toSorted(), edges: [...new Set([...within(up), ...within(down)])] };
    },
    columns: async ({ name, atMs = clock.nowMs(), directOnly = false }) => {
      const rows = await kysely.selectFrom("lineage_edge").select(["from_name", "to_name"]).limit(EDGES_MAX).execute();
      const known = namesIn(rows.map(({ from_name: from, to_name: to }) => ({ from, to })));
      const { datasets, column } = asked(name, known);
      const edges = await columnEdges(database.as<ColumnTables>(), { names: [...datasets], atMs });
      const columns = columnsOfDatasets(datasets, edges).filter((one) => column === undefined || one.column === column);
      if (column !== undefined && columns.length === 0)
        throw governanceErrors.create("governance/unknown-column", { because: name });
      return columnGraph(columns, { edges, directOnly });
    },
  };
}

function namesIn(edges: readonly Omit<LineageEdge, "job">[]): ReadonlySet<string> {
  return new Set(edges.flatMap(({ from, to }) => [from, to]));
}

/** The datasets of a name, or those of a column's name and the column. */
function asked(
  name: string,
  known: ReadonlySet<string>,
): { readonly datasets: ReadonlySet<string>; readonly column?: string } {
  const whole = datasetsNamed(name, known);
  if (whole.size > 0) return { datasets: whole };
  const dot = name.lastIndexOf(".");
  const datasets = dot === -1 ? new Set<string>() : datasetsNamed(name.slice(0, dot), known);
  if (datasets.size > 0) return { datasets, column: name.slice(dot + 1) };
  throw governanceErrors.create("governance/unknown-name", { because: name });
}

/** By the whole name, without its kind, or without a version. */
function datasetsNamed(name: string, known: ReadonlySet<string>): ReadonlySet<string> {
  const plain = (id: string) => id.slice(id.indexOf(":") + 1);
  return new Set(
    [...known].filter(
      (id) => id === name || plain(id) === name || (id.startsWith("model:") && plain(id).split("/")[0] === name),
    ),
  );
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
