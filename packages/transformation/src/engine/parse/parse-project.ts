import type { DbtNode, Manifest } from "../node.ts";
import { recordsOf, textOf } from "../plain.ts";
import type { World } from "../world.ts";
import { fileNodes, snapshotNodes, type Patches } from "./file-nodes.ts";
import { genericTests, testedNode, testedSource } from "./generic-tests.ts";
import { linkNodes, refuseRepeated } from "./link.ts";
import { refused, renderSetting, type PackageParsing } from "./parsing.ts";
import { docsOf, entriesOf, type Entry } from "./yaml-entries.ts";
import { exposureNode, operationNodes, sourceNodes, unitTestNodes } from "./yaml-nodes.ts";

/** Reads a project's files into a graph. Throws `transformation/dbt` for what does not stand. */
export function parseProject(world: World): Manifest {
  const docs = docsOf(world.packages);
  const all = world.packages.flatMap((owner) => {
    const parsing: PackageParsing = { world, owner, render: renderSetting(world, owner.name) };
    return packageNodes(parsing, docs);
  });
  const groups = world.packages.flatMap(({ yaml }) =>
    yaml.flatMap(({ content }) => recordsOf(content["groups"]).map(({ name }) => textOf(name))),
  );
  const isEnabled = (node: DbtNode) => node.config["enabled"] !== false;
  const enabled = all.filter(isEnabled);
  refuseRepeated(enabled);
  refuseUnknownGroups(enabled, groups);
  for (const node of enabled) refuseContract(node);
  const { linked, dropped } = linkNodes(
    enabled,
    all.filter((node) => !isEnabled(node)),
    { isLenient: world.inLake },
  );
  return {
    project: world.root.name,
    nodes: new Map(linked.map((node) => [node.id, node])),
    disabled: new Map([...all.filter((node) => !isEnabled(node)), ...dropped].map((node) => [node.id, node])),
    groups,
    docs,
  };
}

function packageNodes(parsing: PackageParsing, docs: ReadonlyMap<string, string>): readonly DbtNode[] {
  const { owner, render } = parsing;
  const entries = (key: string) => entriesOf(owner, key, { render, docs });
  const snapshots = entries("snapshots");
  const patches: Patches = new Map([
    ["models", entries("models")],
    ["seeds", entries("seeds")],
    ["analyses", entries("analyses")],
    ["tests", entries("data_tests").filter(({ content }) => content["name"] !== undefined)],
  ]);
  refuseRepeatedEntries([...patches, ["snapshots", snapshots]]);
  const built = [
    ...fileNodes(parsing, "models", patches),
    ...fileNodes(parsing, "seeds", patches),
    ...snapshotNodes(parsing, snapshots),
    ...fileNodes(parsing, "analyses", patches),
  ];
  const sources = entries("sources").map((entry) => ({ entry, tables: sourceNodes(parsing, entry) }));
  return [
    ...built,
    ...sources.flatMap(({ tables }) => tables.map(({ node }) => node)),
    ...fileNodes(parsing, "tests", patches),
    ...nodeTests(parsing, built, patches.get("models") ?? [], "models"),
    ...nodeTests(parsing, built, patches.get("seeds") ?? [], "seeds"),
    ...nodeTests(parsing, built, snapshots, "snapshots"),
    ...sources.flatMap(({ entry, tables }) =>
      tables.flatMap(({ node, table }) =>
        genericTests(parsing, entry, { tested: testedSource(node), content: table, kind: "models" }),
      ),
    ),
    ...entries("exposures").map((entry) => exposureNode(parsing, entry)),
    ...entries("unit_tests").flatMap((entry) => unitTestNodes(parsing, entry, built)),
    ...operationNodes(parsing),
  ];
}

/** The tests of each entry, on every node that it describes: each version, for one that has several. */
function nodeTests(
  parsing: PackageParsing,
  built: readonly DbtNode[],
  entries: readonly Entry[],
  kind: string,
): readonly DbtNode[] {
  const type = kind.slice(0, -1);
  return entries.flatMap((entry) => {
    const { content } = entry;
    const described = built.filter(
      (node) => node.type === type && node.name === content["name"] && node.config["enabled"] !== false,
    );
    return described.flatMap((node) => {
      const version = recordsOf(content["versions"]).find(({ v }) => textOf(v) === node.version);
      const tested = testedNode(node);
      return genericTests(parsing, entry, { tested, content, kind, ...(version === undefined ? {} : { version }) });
    });
  });
}

function refuseRepeatedEntries(all: readonly (readonly [string, readonly Entry[]])[]): void {
  for (const [kind, entries] of all) {
    const seen = new Map<string, Entry>();
    for (const entry of entries) {
      const name = textOf(entry.content["name"]);
      const other = seen.get(name);
      if (other !== undefined)
        throw refused(
          `Compilation Error\n  dbt found two schema.yml entries for the same resource named ${name} (${kind}): ${other.path} and ${entry.path}. Resources and their associated columns may only be described a single time.`,
          entry.path,
        );
      seen.set(name, entry);
    }
  }
}

function refuseUnknownGroups(nodes: readonly DbtNode[], groups: readonly string[]): void {
  for (const { group, id, path } of nodes)
    if (group !== null && !groups.includes(group))
      throw refused(
        `Parsing Error\n  Invalid group '${group}', expected one of [${groups.map((name) => `'${name}'`).join(", ")}] (${id})`,
        path,
      );
}

/** An incremental model under a contract may only add columns, or stop. */
function refuseContract(node: DbtNode): void {
  const { contract, materialized, on_schema_change: change } = node.config;
  const isEnforced =
    contract !== null && typeof contract === "object" && "enforced" in contract && contract.enforced === true;
  if (!isEnforced || materialized !== "incremental" || change === "append_new_columns" || change === "fail") return;
  throw refused(
    `Compilation Error in model ${node.name} (${node.path})\n  Invalid value for on_schema_change: ${textOf(change, "ignore")}. Models materialized as incremental with contracts enabled must set on_schema_change to 'append_new_columns' or 'fail'`,
    node.path,
  );
}
