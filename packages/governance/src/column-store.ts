import type { LineageEvent } from "@millwright/kernel";
import type { QueryBuilder } from "@millwright/platform";
import type { BranchView } from "./branch.ts";
import { readColumnFacets } from "./column-facet.ts";
import type { ColumnEdge, ColumnName } from "./column-graph.ts";
import { ROWS, type Dependence } from "./sql/dependence.ts";

export interface ColumnTables {
  lineage_column: {
    branch: string;
    job: string;
    from_name: string;
    from_column: string;
    to_name: string;
    to_column: string;
    type: string;
    kind: string;
    because: string | null;
    since_at: number;
    until_at: number | null;
  };
}

type Row = Omit<ColumnTables["lineage_column"], "since_at" | "until_at">;

const COLUMNS = [
  "branch",
  "job",
  "from_name",
  "from_column",
  "to_name",
  "to_column",
  "type",
  "kind",
  "because",
] as const;

const ROWS_AT_ONCE = 500;
const NAMES_AT_ONCE = 200;
const EDGES_MAX = 200_000;

/** Keeps what an event says of the columns that it made. What is as before stays; else the new takes its place. */
export async function keepColumns(
  queries: QueryBuilder<ColumnTables>,
  { event, branch, nowMs }: { readonly event: LineageEvent; readonly branch: string; readonly nowMs: number },
): Promise<void> {
  for (const { name, facets } of event.outputs) {
    const told = readColumnFacets(facets);
    const rows = told === undefined ? [] : rowsOf({ job: event.job.name, branch, name }, told);
    const held = queries
      .selectFrom("lineage_column")
      .select(COLUMNS)
      .where("branch", "=", branch)
      .where("job", "=", event.job.name)
      .where("to_name", "=", name)
      .where("until_at", "is", null);
    if (sameRows(await held.execute(), rows)) continue;
    await queries
      .updateTable("lineage_column")
      .set({ until_at: nowMs })
      .where("branch", "=", branch)
      .where("job", "=", event.job.name)
      .where("to_name", "=", name)
      .where("until_at", "is", null)
      .execute();
    for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
      const some = rows.slice(first, first + ROWS_AT_ONCE).map((row) => ({ ...row, since_at: nowMs, until_at: null }));
      await queries.insertInto("lineage_column").values(some).execute();
    }
  }
}

function rowsOf(
  { job, branch, name }: { readonly job: string; readonly branch: string; readonly name: string },
  told: NonNullable<ReturnType<typeof readColumnFacets>>,
): readonly Row[] {
  const row = (column: string, from: Dependence): Row => ({
    branch,
    job,
    from_name: from.dataset,
    from_column: from.column,
    to_name: name,
    to_column: column,
    type: from.type,
    kind: from.kind,
    because: told.because ?? null,
  });
  return [
    ...told.columns.flatMap((column) => column.from.map((from) => row(column.name, from))),
    ...told.rows.map((from) => row(ROWS, from)),
  ];
}

function sameRows(held: readonly Row[], told: readonly Row[]): boolean {
  const key = (row: Row) =>
    JSON.stringify([row.from_name, row.from_column, row.to_column, row.type, row.kind, row.because]);
  const known = new Set(held.map(key));
  return held.length === told.length && told.every((row) => known.has(key(row)));
}

interface Asked {
  readonly names: readonly string[];
  readonly atMs: number;
  readonly view: BranchView;
}

/** The dependences above and below some datasets, as a branch sees them and as they were at a time. */
export async function columnEdges(queries: QueryBuilder<ColumnTables>, asked: Asked): Promise<readonly ColumnEdge[]> {
  const above = await closure(queries, { ...asked, by: "to_name" });
  const below = await closure(queries, { ...asked, by: "from_name" });
  return [...new Map([...above, ...below].map((row) => [JSON.stringify(row), edgeOf(row)])).values()];
}

interface Closure extends Asked {
  readonly by: "to_name" | "from_name";
}

async function closure(
  queries: QueryBuilder<ColumnTables>,
  { names, atMs, view, by }: Closure,
): Promise<readonly Row[]> {
  const seen = new Set(names);
  const found: Row[] = [];
  let front = [...names];
  while (front.length > 0 && found.length < EDGES_MAX) {
    const some = front.splice(0, NAMES_AT_ONCE);
    const all = await queries
      .selectFrom("lineage_column")
      .select(COLUMNS)
      .where("branch", "in", view.branches)
      .where(by, "in", some)
      .where("since_at", "<=", atMs)
      .where((query) => query.or([query("until_at", "is", null), query("until_at", ">", atMs)]))
      .limit(EDGES_MAX)
      .execute();
    const rows = all.filter((row) => view.sees(row));
    found.push(...rows);
    const next = new Set(rows.map((row) => (by === "to_name" ? row.from_name : row.to_name))).difference(seen);
    for (const name of next) seen.add(name);
    front = [...front, ...next];
  }
  return found;
}

function edgeOf(row: Row): ColumnEdge {
  return {
    from: { name: row.from_name, column: row.from_column },
    to: { name: row.to_name, column: row.to_column },
    // Only `keepColumns` writes them.
    type: row.type as Dependence["type"],
    kind: row.kind as Dependence["kind"],
    job: row.job,
    because: row.because,
  };
}

/** The columns of some datasets that are known from what was told. */
export function columnsOfDatasets(names: ReadonlySet<string>, edges: readonly ColumnEdge[]): readonly ColumnName[] {
  const all = edges.flatMap(({ from, to }) => [from, to]).filter(({ name }) => names.has(name));
  return [...new Map(all.map((column) => [`${column.name}\u0000${column.column}`, column])).values()];
}
