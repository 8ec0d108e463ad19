import { defineErrors, type Clock, type IdSource, type LineageEvent, type LineageSink } from "@millwright/kernel";
import type { Database, MigrationSet, QueryBuilder } from "@millwright/platform";
import { MAIN, spacedOn, spacedOnMain, viewOf, type EventTable } from "./branch.ts";
import { columnGraph, type ColumnGraph } from "./column-graph.ts";
import { columnEdges, columnsOfDatasets, keepColumns, type ColumnTables } from "./column-store.ts";
import { inFlowOrder } from "./flow-order.ts";
import { lineage } from "./migrations/0001-lineage.ts";
import { lineageColumn } from "./migrations/0002-lineage-column.ts";
import { branches } from "./migrations/0003-branches.ts";

export const governanceMigrations: MigrationSet = {
  area: "governance",
  migrations: [lineage, lineageColumn, branches],
};

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

/** What was made from what, as one branch sees it. Names are `kind:name`. */
export interface Lineage extends LineageSink {
  /** Everything up and down from a name or a column's dataset, from the sources on. Throws `governance/unknown-name`. */
  around(name: string): Promise<LineageGraph>;
  /** The same by columns. Throws `governance/unknown-name` and `governance/unknown-column`. */
  columns(question: LineageQuestion): Promise<ColumnGraph>;
  /** Takes over what was told of a branch, which was published. Once done, nothing of that branch is left to take. */
  adopt(branch: string): Promise<void>;
  /** Forgets what was told of a branch alone. */
  forgetBranch(branch: string): Promise<void>;
}

const EDGES_MAX = 100_000;

interface Tables extends ColumnTables, EventTable {
  lineage_link: { branch: string; from_name: string; to_name: string; job: string };
}

export function createLineage({
  database,
  clock,
  ids,
  branch = MAIN,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Whose lineage: on a branch, what it has not made itself is as main made it. */
  readonly branch?: string;
}): Lineage {
  const kysely = database.as<Tables>();
  const write = database.grouped<Tables>();
  const told = (event: LineageEvent) => ({ event, branch, id: ids(), nowMs: clock.nowMs() });
  const links = async (): Promise<readonly LineageEdge[]> => {
    const view = await viewOf(database.as<EventTable>(), branch);
    const rows = await kysely
      .selectFrom("lineage_link")
      .selectAll()
      .where("branch", "in", view.branches)
      .limit(EDGES_MAX)
      .execute();
    return rows
      .filter((row) => view.sees(row))
      .map(({ from_name, to_name, job }) => ({ from: from_name, to: to_name, job }));
  };
  const linksFor = async (name: string) => withEarlier(kysely, { name, branch, edges: await links() });
  return {
    emit: (event) => write((transaction) => keep(transaction, told(event))),
    adopt: (from) =>
      write(async (transaction) => {
        for (const event of await latestEvents(transaction, from)) await keep(transaction, told(event));
        await forget(transaction, from);
      }),
    forgetBranch: (name) => write((transaction) => forget(transaction, name)),
    around: async (name) => {
      const edges = await linksFor(name);
      const start = [...asked(name, namesIn(edges)).datasets];
      const up = walk(start, edges, (edge) => [edge.to, edge.from]);
      const down = walk(start, edges, (edge) => [edge.from, edge.to]);
      const nodes = new Set([...up, ...down]);
      const within = (side: ReadonlySet<string>) => edges.filter(({ from, to }) => side.has(from) && side.has(to));
      return { nodes: [...nodes].toSorted(), edges: inFlowOrder([...new Set([...within(up), ...within(down)])]) };
    },
    columns: async ({ name, atMs = clock.nowMs(), directOnly = false }) => {
      const { datasets, column } = asked(name, namesIn(await linksFor(name)));
      const view = await viewOf(database.as<EventTable>(), branch);
      const edges = await columnEdges(database.as<ColumnTables>(), { names: [...datasets], atMs, view });
      const columns = columnsOfDatasets(datasets, edges).filter((one) => column === undefined || one.column === column);
      if (column !== undefined && columns.length === 0)
        throw governanceErrors.create("governance/unknown-column", { because: name });
      return columnGraph(columns, { edges, directOnly });
    },
  };
}

interface Told {
  readonly event: LineageEvent;
  readonly branch: string;
  readonly id: string;
  readonly nowMs: number;
}

/** What a step is made from may change: its edges are those of its latest event. */
async function keep(queries: QueryBuilder<Tables>, { event, branch, id, nowMs }: Told): Promise<void> {
  const job = event.job.name;
  await queries
    .insertInto("lineage_event")
    .values({ id, job, event: JSON.stringify(spacedOn(branch, event)), told_at: nowMs, branch })
    .execute();
  await queries.deleteFrom("lineage_link").where("branch", "=", branch).where("job", "=", job).execute();
  const links = linksOf(event, branch);
  if (links.length > 0)
    await queries
      .insertInto("lineage_link")
      .values(links)
      .onConflict((on) => on.doNothing())
      .execute();
  await keepColumns(queries, { event, branch, nowMs });
}

/** What each step of a branch told last, as main would have told it. */
async function latestEvents(queries: QueryBuilder<Tables>, branch: string): Promise<readonly LineageEvent[]> {
  const rows = await queries
    .selectFrom("lineage_event")
    .select(["job", "event"])
    .where("branch", "=", branch)
    .orderBy("told_at")
    .orderBy("id")
    .execute();
  const latest = new Map(rows.map(({ job, event }) => [job, event]));
  return [...latest.values()].map((event) => spacedOnMain(branch, JSON.parse(event) as LineageEvent));
}

async function forget(queries: QueryBuilder<Tables>, branch: string): Promise<void> {
  await queries.deleteFrom("lineage_event").where("branch", "=", branch).execute();
  await queries.deleteFrom("lineage_link").where("branch", "=", branch).execute();
  await queries.deleteFrom("lineage_column").where("branch", "=", branch).execute();
}

/**
 * The edges of each step's latest event. What was made by an earlier one alone, such as an older version of a model, has
 * those of the last event that made it as well.
 */
async function withEarlier(
  queries: QueryBuilder<Tables>,
  { name, branch, edges }: Earlier & { readonly edges: readonly LineageEdge[] },
): Promise<readonly LineageEdge[]> {
  const known = namesIn(edges);
  const ofColumn = name.lastIndexOf(".");
  const names = ofColumn === -1 ? [name] : [name, name.slice(0, ofColumn)];
  if (names.some((one) => datasetsNamed(one, known).size > 0)) return edges;
  for (const one of names) {
    const earlier = await lastThatMade(queries, { name: one, branch });
    if (earlier !== undefined) return [...edges, ...earlier];
  }
  return edges;
}

/** `LIKE` finds a few more than are meant: its own signs may stand in a name. */
const CANDIDATES_MAX = 50;

interface Earlier {
  readonly name: string;
  readonly branch: string;
}

async function lastThatMade(
  queries: QueryBuilder<Tables>,
  { name, branch }: Earlier,
): Promise<readonly LineageEdge[] | undefined> {
  const rows = await queries
    .selectFrom("lineage_event")
    .select("event")
    .where("branch", "=", branch)
    .where("event", "like", `%${JSON.stringify(name).slice(1)}%`)
    .orderBy("id", "desc")
    .limit(CANDIDATES_MAX)
    .execute();
  const isMeant = ({ name: made }: { readonly name: string }) => made === name || plainName(made) === name;
  const event = rows
    .map((row) => spacedOnMain(branch, JSON.parse(row.event) as LineageEvent))
    .find(({ outputs }) => outputs.some(isMeant));
  if (event === undefined) return undefined;
  return linksOf({ ...event, outputs: event.outputs.filter(isMeant) }, branch).map(
    ({ from_name: from, to_name: to, job }) => ({
      from,
      to,
      job,
    }),
  );
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
  const isVersion = (id: string) => id.startsWith("model:") && plainName(id).split("/")[0] === name;
  return new Set([...known].filter((id) => id === name || plainName(id) === name || isVersion(id)));
}

/** Without its kind. */
function plainName(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}

function linksOf(event: LineageEvent, branch: string): readonly Tables["lineage_link"][] {
  return event.inputs.flatMap((input) =>
    event.outputs.map((output) => ({ branch, from_name: input.name, to_name: output.name, job: event.job.name })),
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
