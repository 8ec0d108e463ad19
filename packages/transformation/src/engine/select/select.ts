import type { DbtNode } from "../node.ts";
import { reached, type Graph } from "./graph.ts";
import type { Criterion, Selection } from "./criteria.ts";
import { testOf, type Selecting } from "./methods.ts";

interface Selected {
  readonly direct: ReadonlySet<string>;
  /** Tests of which not every parent is selected (yet). */
  readonly indirect: ReadonlySet<string>;
}

/** The unique ids that a selection means, tests that come along included. */
export function selectNodes(selection: Selection, graph: Graph, selecting: Selecting): ReadonlySet<string> {
  const { direct } = resolve(selection, graph, selecting);
  return direct;
}

function resolve(selection: Selection, graph: Graph, selecting: Selecting): Selected {
  if (selection.kind === "criterion") return resolveCriterion(selection, graph, selecting);
  const parts =
    selection.kind === "difference"
      ? [resolve(selection.from, graph, selecting), resolve(selection.without, graph, selecting)]
      : selection.parts.map((part) => resolve(part, graph, selecting));
  const whole = parts.map(({ direct, indirect }) => direct.union(indirect));
  const direct = combine(
    selection.kind,
    parts.map((part) => part.direct),
  );
  const indirect = combine(selection.kind, whole);
  return { direct: withTests({ direct, indirect }, { selection, graph, selecting }), indirect };
}

function combine(
  kind: "union" | "intersection" | "difference",
  sets: readonly ReadonlySet<string>[],
): ReadonlySet<string> {
  const [first = new Set<string>(), ...rest] = sets;
  if (kind === "union") return rest.reduce<ReadonlySet<string>>((all, set) => all.union(set), first);
  if (kind === "intersection") return rest.reduce<ReadonlySet<string>>((all, set) => all.intersection(set), first);
  return rest.reduce<ReadonlySet<string>>((all, set) => all.difference(set), first);
}

interface Around {
  readonly selection: Selection;
  readonly graph: Graph;
  readonly selecting: Selecting;
}

/** Tests whose parents have all come together, though no one criterion selected them all. */
function withTests({ direct, indirect }: Selected, { selection, graph, selecting }: Around): ReadonlySet<string> {
  const { indirect: how } = selection;
  if (how !== "cautious" && how !== "buildable") return direct;
  const around = how === "buildable" ? direct.union(reached(graph.parents, direct)) : direct;
  const more = [...indirect].filter((id) => {
    const node = selecting.nodes.get(id);
    return node?.type === "test" && node.dependsOn.every((parent) => around.has(parent));
  });
  return direct.union(new Set(more));
}

function resolveCriterion(criterion: Criterion, graph: Graph, selecting: Selecting): Selected {
  const holds = testOf(criterion, selecting);
  const found = new Set(
    [...selecting.nodes.values()].filter((node) => node.type !== "operation" && holds(node)).map(({ id }) => id),
  );
  const selected = found.union(relatives(criterion, found, graph));
  return criterion.indirect === "empty"
    ? { direct: selected, indirect: new Set() }
    : expand(criterion, selected, { graph, selecting });
}

function relatives(
  { parents, children, childrensParents }: Criterion,
  found: ReadonlySet<string>,
  graph: Graph,
): ReadonlySet<string> {
  const above = parents === 0 ? new Set<string>() : reached(graph.parents, found, parents);
  const below = children === 0 ? new Set<string>() : reached(graph.children, found, children);
  if (!childrensParents) return above.union(below);
  const descendants = reached(graph.children, found).union(found);
  return above.union(below).union(descendants).union(reached(graph.parents, descendants));
}

/** The tests that hang on what is selected. */
function expand(
  { indirect: how }: Criterion,
  selected: ReadonlySet<string>,
  { graph, selecting }: { readonly graph: Graph; readonly selecting: Selecting },
): Selected {
  const direct = new Set(selected);
  const indirect = new Set<string>();
  const sources = [...selecting.nodes.values()].filter(({ type }) => type === "source").map(({ id }) => id);
  const buildable =
    how === "buildable" ? selected.union(reached(graph.parents, selected)).union(new Set(sources)) : selected;
  for (const id of reached(graph.children, selected, 1)) {
    const node = selecting.nodes.get(id);
    if (node === undefined || !isTest(node)) continue;
    const isWhole = node.dependsOn.every((parent) => selected.has(parent) || buildable.has(parent));
    if (how === "eager" || isWhole) direct.add(id);
    else indirect.add(id);
  }
  return { direct, indirect };
}

function isTest({ type }: DbtNode): boolean {
  return type === "test" || type === "unit_test";
}
