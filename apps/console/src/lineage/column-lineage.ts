import type { LineageGraph } from "@millwright/client";

export type ColumnLineage = LineageGraph["columns"];
export type ColumnName = ColumnLineage["asked"][number];
type ColumnEdge = ColumnLineage["edges"][number];

/** How a column is written and asked for: `table:flights.delay`. */
export function idOf({ name, column }: ColumnName): string {
  return `${name}.${column}`;
}

/** Whether one column was asked for, rather than all of something. */
export function isOfColumn({ asked }: ColumnLineage): boolean {
  return asked.length > 0 && asked.every(({ column }) => column === asked[0]?.column) && asked[0]?.column !== "*";
}

/** The same with the edges alone that carry a value, as far as they lead from what was asked. */
export function valuesOnly(lineage: ColumnLineage): ColumnLineage {
  const direct = lineage.edges.filter(({ type }) => type === "DIRECT");
  const up = walk(lineage.asked, direct, ({ from, to }) => [to, from]);
  const down = walk(lineage.asked, direct, ({ from, to }) => [from, to]);
  return {
    ...lineage,
    edges: direct.filter((edge) => up.has(edge) || down.has(edge)),
    restsOn: lineage.restsOn.filter((file) => file.direct),
  };
}

function walk(
  asked: readonly ColumnName[],
  edges: readonly ColumnEdge[],
  step: (edge: ColumnEdge) => readonly [ColumnName, ColumnName],
): ReadonlySet<ColumnEdge> {
  const next = Map.groupBy(edges, (edge) => idOf(step(edge)[0]));
  const seen = new Set(asked.map(idOf));
  const walked = new Set<ColumnEdge>();
  const queue = [...seen];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const edge of next.get(at) ?? []) {
      walked.add(edge);
      const id = idOf(step(edge)[1]);
      if (!seen.has(id)) queue.push(id);
      seen.add(id);
    }
  }
  return walked;
}

/** As a graph of names, to be drawn like one; the edges between two columns are one. */
export function asGraph({ asked, edges }: ColumnLineage) {
  const pairs = Map.groupBy(edges, ({ from, to }) => `${idOf(from)}\u0000${idOf(to)}`);
  const drawn = [...pairs.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const kinds = [...new Set(same.map(({ kind }) => kind.toLowerCase().replaceAll("_", " ")))];
    const isDirect = same.some(({ type }) => type === "DIRECT");
    return [{ from: idOf(first.from), to: idOf(first.to), job: `${first.job}: ${kinds.join(", ")}`, isDirect }];
  });
  const columns = [
    ...new Map([...asked, ...edges.flatMap(({ from, to }) => [from, to])].map((one) => [idOf(one), one])).values(),
  ];
  return {
    nodes: columns.map(idOf),
    edges: [...drawn, ...ownRows(columns)],
    resolved: asked[0] === undefined ? "" : idOf(asked[0]),
  };
}

/** A column depends on its own table's rows, which goes without saying. */
function ownRows(columns: readonly ColumnName[]) {
  const rows = new Map(columns.filter(({ column }) => column === "*").map((one) => [one.name, one]));
  return columns.flatMap((one) => {
    const of = rows.get(one.name);
    return of === undefined || one.column === "*"
      ? []
      : [{ from: idOf(of), to: idOf(one), job: "which rows there are", isDirect: false }];
  });
}

/** By column of a dataset those that its value comes from, one step up. */
export function sourcesOf(lineage: ColumnLineage, dataset: string): ReadonlyMap<string, readonly ColumnName[]> {
  const own = lineage.edges.filter(({ to, type }) => to.name === dataset && type === "DIRECT");
  return new Map(
    [...Map.groupBy(own, ({ to }) => to.column)].map(([column, edges]) => [
      column,
      [...new Map(edges.map(({ from }) => [idOf(from), from])).values()],
    ]),
  );
}
