import type { DbtArguments } from "../arguments.ts";
import { indirectOf } from "../arguments.ts";
import type { Artifacts } from "../artifacts.ts";
import type { Manifest, ResourceType } from "../node.ts";
import { refused } from "../parse/parsing.ts";
import type { Plain } from "../plain.ts";
import type { NodeResult } from "../run/results.ts";
import { defaultSelector, namedSelectors, parseSelection, type Selection } from "../select/criteria.ts";
import type { Graph } from "../select/graph.ts";
import { selectNodes } from "../select/select.ts";
import { compareWithState, macroTexts, statusesOf, type StateComparison } from "../select/state.ts";
import type { World } from "../world.ts";
import { readYamlFile } from "../yaml-file.ts";

/** One command, with all that it works on. */
export interface Session {
  readonly world: World;
  readonly asked: DbtArguments;
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly artifacts: Artifacts;
  readonly projectDir: string;
  readonly state: { readonly manifest: Plain | undefined; readonly results: Plain | undefined } | undefined;
}

export interface Outcome {
  /** 0 all well, 1 something failed. */
  readonly exitCode: 0 | 1;
  /** What goes to the output: lines of `ls`, rows of `show`, SQL of `compile`. */
  readonly lines: readonly string[];
  readonly results: readonly NodeResult[];
}

/** What the options select, of the given kinds. Says so when it is nothing. */
export async function selectedIds(session: Session, types: ReadonlySet<ResourceType>): Promise<ReadonlySet<string>> {
  const { manifest, graph, asked, world } = session;
  const selecting = {
    nodes: manifest.nodes,
    project: manifest.project,
    state: comparison(session),
    results: session.state?.results === undefined ? undefined : statusesOf(session.state.results),
  };
  const found = selectNodes(await selectionOf(session), graph, selecting);
  const kinds = limited(types, asked);
  const ids = new Set([...found].filter((id) => kinds.has(manifest.nodes.get(id)?.type ?? "operation")));
  if (found.size === 0)
    world.tell({
      level: "warn",
      text: `The selection criterion '${describeSelection(asked)}' does not match any enabled nodes`,
    });
  return ids;
}

async function selectionOf({ asked, projectDir }: Session): Promise<Selection> {
  const { lists, values } = asked;
  const [select, exclude] = [lists["select"] ?? [], lists["exclude"] ?? []];
  const indirect = indirectOf(asked);
  const file = await readYamlFile(projectDir, "selectors.yml");
  const wanted = values["selector"] ?? (select.length + exclude.length === 0 ? defaultSelector(file) : undefined);
  if (wanted === undefined) return parseSelection({ select, exclude }, indirect);
  const found = namedSelectors(file, indirect).get(wanted);
  if (found === undefined)
    throw refused(
      `Runtime Error\n  Could not find selector named ${wanted}, expected one of [${[...namedSelectors(file, indirect).keys()].map((name) => `'${name}'`).join(", ")}]`,
    );
  return found;
}

export function describeSelection({ lists, values }: DbtArguments): string {
  return values["selector"] ?? [...(lists["select"] ?? []), ...(lists["exclude"] ?? [])].join(" ");
}

/** `--resource-type` and its opposite narrow what a command works on. */
function limited(types: ReadonlySet<ResourceType>, { lists }: DbtArguments): ReadonlySet<string> {
  const only = (lists["resource-type"] ?? []).flatMap((word) => word.split(/[\s,]+/));
  const without = (lists["exclude-resource-type"] ?? []).flatMap((word) => word.split(/[\s,]+/));
  const asked =
    only.length === 0 || only.includes("all") || only.includes("default")
      ? [...types, ...(only.includes("all") ? (["analysis"] as const) : [])]
      : only;
  return new Set(asked.filter((type) => !without.includes(type)));
}

function comparison({ state, world }: Session): StateComparison | undefined {
  if (state?.manifest === undefined) return undefined;
  const dependencies = new Map<string, readonly string[]>();
  for (const [owner, own] of world.macros.packages)
    for (const macro of own.values()) {
      const words = new Set(macro.text.match(/\w+/g));
      const called = [...world.macros.packages].flatMap(([other, macros]) =>
        [...macros.keys()]
          .filter((name) => words.has(name.replace(/^(?:default|duckdb)__/, "")))
          .map((name) => `macro.${other}.${name}`),
      );
      dependencies.set(`macro.${owner}.${macro.name}`, called);
    }
  return compareWithState(state.manifest, {
    macros: macroTexts(world.macros),
    dependencies: (id) => dependencies.get(id) ?? [],
  });
}
