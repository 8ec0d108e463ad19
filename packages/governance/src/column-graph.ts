import { ROWS, type Dependence } from "./sql/dependence.ts";

/** A column of a dataset; `*` stands for the dataset's rows. */
export interface ColumnName {
  /** `kind:name`. */
  readonly name: string;
  readonly column: string;
}

export interface ColumnEdge {
  readonly from: ColumnName;
  readonly to: ColumnName;
  readonly type: Dependence["type"];
  readonly kind: Dependence["kind"];
  /** The step that made one from the other. */
  readonly job: string;
  /** Why the step's columns could not be followed; null where they were. */
  readonly because: string | null;
}

export interface ColumnGraph {
  readonly asked: readonly ColumnName[];
  readonly edges: readonly ColumnEdge[];
  /** The columns of files at its beginning. Direct: its value comes from there, by at least one way. */
  readonly restsOn: readonly (ColumnName & { readonly direct: boolean })[];
  /** The steps whose columns could not be followed, so that all columns of what they read are named. */
  readonly unread: readonly { readonly job: string; readonly because: string }[];
}

/** What the asked columns came from, and what hangs on them. */
export function columnGraph(
  asked: readonly ColumnName[],
  { edges, directOnly }: { readonly edges: readonly ColumnEdge[]; readonly directOnly: boolean },
): ColumnGraph {
  const direct = edges.filter(({ type }) => type === "DIRECT");
  const used = directOnly ? direct : edges;
  const up = upstream(asked, used);
  const down = downstream(asked, used);
  const found = [...new Set([...up.edges, ...down])];
  const value = upstream(asked, direct).reached;
  const files = [...up.reached.values()].filter(({ name }) => name.startsWith("file:"));
  const named = new Set(files.filter(({ column }) => column !== ROWS).map(({ name }) => name));
  return {
    asked,
    edges: found,
    restsOn: files
      // A file's rows are mentioned only where none of its columns is.
      .filter(({ name, column }) => column !== ROWS || !named.has(name))
      .map((file) => ({ ...file, direct: value.has(keyOf(file)) }))
      .toSorted((one, other) => keyOf(one).localeCompare(keyOf(other))),
    unread: unreadIn(found),
  };
}

function keyOf({ name, column }: ColumnName): string {
  return `${name}\u0000${column}`;
}

/** Each column depends on what is told of it, and on what is told of its dataset's rows. */
function upstream(asked: readonly ColumnName[], edges: readonly ColumnEdge[]) {
  const into = Map.groupBy(edges, ({ to }) => keyOf(to));
  const reached = new Map(asked.map((column) => [keyOf(column), column]));
  const walked = new Set<ColumnEdge>();
  const queue = [...asked];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const own = into.get(keyOf(at)) ?? [];
    const ofRows = at.column === ROWS ? [] : (into.get(keyOf({ name: at.name, column: ROWS })) ?? []);
    for (const edge of [...own, ...ofRows]) {
      walked.add(edge);
      if (reached.has(keyOf(edge.from))) continue;
      reached.set(keyOf(edge.from), edge.from);
      queue.push(edge.from);
    }
  }
  return { reached, edges: walked };
}

/** What decides a dataset's rows is in all its columns, and so in all that is made of them. */
function downstream(asked: readonly ColumnName[], edges: readonly ColumnEdge[]): ReadonlySet<ColumnEdge> {
  const outOf = Map.groupBy(edges, ({ from }) => keyOf(from));
  const ofDataset = Map.groupBy(edges, ({ from }) => from.name);
  const seen = new Set(asked.map(keyOf));
  const walked = new Set<ColumnEdge>();
  const queue = [...asked];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const edge of (at.column === ROWS ? ofDataset.get(at.name) : outOf.get(keyOf(at))) ?? []) {
      walked.add(edge);
      if (seen.has(keyOf(edge.to))) continue;
      seen.add(keyOf(edge.to));
      queue.push(edge.to);
    }
  }
  return walked;
}

function unreadIn(edges: readonly ColumnEdge[]): ColumnGraph["unread"] {
  const reasons = new Map(edges.flatMap(({ job, because }) => (because === null ? [] : [[job, because] as const])));
  return [...reasons].map(([job, because]) => ({ job, because })).toSorted((a, b) => a.job.localeCompare(b.job));
}
