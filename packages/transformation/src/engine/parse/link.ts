import type { DbtNode, RefCall } from "../node.ts";
import { refused } from "./parsing.ts";

/** The nodes by what `ref` and `source` say. */
export interface Index {
  readonly ref: (call: RefCall, from: string) => DbtNode | undefined;
  readonly source: (source: string, table: string, from: string) => DbtNode | undefined;
}

const REFERABLE = new Set(["model", "seed", "snapshot"]);

export function indexNodes(nodes: Iterable<DbtNode>): Index {
  const byName = new Map<string, DbtNode[]>();
  const sources = new Map<string, DbtNode[]>();
  for (const node of nodes) {
    if (REFERABLE.has(node.type)) byName.set(node.name, [...(byName.get(node.name) ?? []), node]);
    if (node.source === undefined) continue;
    const key = `${node.source.sourceName}.${node.name}`;
    sources.set(key, [...(sources.get(key) ?? []), node]);
  }
  return {
    ref: (call, from) =>
      preferred(
        (byName.get(call.name) ?? []).filter((node) => isMeant(node, call)),
        from,
      ),
    source: (source, table, from) => preferred(sources.get(`${source}.${table}`) ?? [], from),
  };
}

function preferred(found: readonly DbtNode[], from: string): DbtNode | undefined {
  return found.find((node) => node.package === from) ?? found[0];
}

function isMeant(node: DbtNode, { package: wanted, version }: RefCall): boolean {
  if (wanted !== null && node.package !== wanted) return false;
  if (version !== null)
    return node.version === version || (version === "latest" && node.version === node.latestVersion);
  return node.version === null || node.version === node.latestVersion;
}

/** Says of each node what it depends on. Refuses what is not there, what is disabled and what is private to others. */
export function linkNodes(
  nodes: readonly DbtNode[],
  disabled: readonly DbtNode[],
  { isLenient = false }: { readonly isLenient?: boolean } = {},
): { readonly linked: readonly DbtNode[]; readonly dropped: readonly DbtNode[] } {
  const index = indexNodes(nodes);
  const gone = indexNodes(disabled);
  const dropped: DbtNode[] = [];
  const linked = nodes.flatMap((node) => {
    if (isLenient) return [{ ...node, dependsOn: knownTargets(node, index) }];
    const targets = [
      ...node.refs.map((call) => index.ref(call, node.package) ?? missingRef(node, call, gone)),
      ...node.sources.map(
        ([source, table]) => index.source(source, table, node.package) ?? missingSource(node, source, table, gone),
      ),
    ];
    if (targets.includes(null)) {
      dropped.push(node);
      return [];
    }
    const found = targets.filter((target) => target !== null);
    for (const target of found) refusePrivate(node, target);
    return [{ ...node, dependsOn: [...new Set(found.map(({ id }) => id))].toSorted() }];
  });
  return { linked, dropped };
}

/** What of a node's references is there. */
function knownTargets(node: DbtNode, index: Index): readonly string[] {
  const targets = [
    ...node.refs.map((call) => index.ref(call, node.package)),
    ...node.sources.map(([source, table]) => index.source(source, table, node.package)),
  ];
  return [...new Set(targets.flatMap((target) => (target === undefined ? [] : [target.id])))].toSorted();
}

/** A test of what is not there is left out; everything else is refused. */
function missingRef(node: DbtNode, { name, version, package: wanted }: RefCall, gone: Index): null {
  if (node.type === "test" || node.type === "unit_test") return null;
  const isDisabled = gone.ref({ name, version, package: wanted }, node.package) !== undefined;
  const which = version === null ? "" : ` with version '${version}'`;
  const where = wanted === null ? "" : ` in package or project '${wanted}'`;
  throw refused(
    `Compilation Error\n  ${titled(node)} depends on a node named '${name}'${which}${where} which ${isDisabled ? "is disabled" : "was not found"}`,
    node.path,
  );
}

function missingSource(node: DbtNode, source: string, table: string, gone: Index): null {
  if (node.type === "test" || node.type === "unit_test") return null;
  const isDisabled = gone.source(source, table, node.package) !== undefined;
  throw refused(
    `Compilation Error\n  ${titled(node)} depends on a source named '${source}.${table}' which ${isDisabled ? "is disabled" : "was not found"}`,
    node.path,
  );
}

function titled({ type, id, path }: DbtNode): string {
  return `${type.charAt(0).toUpperCase()}${type.slice(1).replace("_", " ")} '${id}' (${path})`;
}

function refusePrivate(node: DbtNode, target: DbtNode): void {
  if (target.access !== "private" || node.group === target.group) return;
  if (["test", "unit_test", "analysis", "operation"].includes(node.type)) return;
  throw refused(
    `Parsing Error\n  Node ${node.id} attempted to reference node ${target.id}, which is not allowed because the referenced node is private to the '${target.group ?? ""}' group.`,
    node.path,
  );
}

/** Refuses two of one name, and two that would be one relation. */
export function refuseRepeated(nodes: readonly DbtNode[]): void {
  const names = new Map<string, DbtNode>();
  const relations = new Map<string, DbtNode>();
  for (const node of nodes) {
    if (!REFERABLE.has(node.type)) continue;
    const key = `${node.package}.${node.name}.${node.version ?? ""}`;
    const other = names.get(key);
    if (other !== undefined)
      throw refused(
        `Compilation Error\n  dbt found two ${node.type === other.type ? `${node.type}s` : "resources"} with the name "${node.name}".\n  Since these resources have the same name, dbt will be unable to find the correct resource when looking for ref("${node.name}").\n  To fix this, change the name of one of these resources:\n  - ${other.id} (${other.path})\n  - ${node.id} (${node.path})`,
        node.path,
      );
    names.set(key, node);
    if (node.config["materialized"] === "ephemeral") continue;
    const place = `"${node.database}"."${node.schema}"."${node.alias}"`;
    const same = relations.get(place);
    if (same !== undefined)
      throw refused(
        `Compilation Error\n  dbt found two resources with the database representation "${place}".\n  dbt cannot create two resources with identical database representations. To fix this, change the configuration of one of these resources:\n  - ${same.id} (${same.path})\n  - ${node.id} (${node.path})`,
        node.path,
      );
    relations.set(place, node);
  }
}

/** Refuses circles, telling the way round. */
export function refuseCycles(nodes: ReadonlyMap<string, DbtNode>): void {
  const done = new Set<string>();
  const walk = (id: string, path: readonly string[]): void => {
    if (done.has(id)) return;
    const start = path.indexOf(id);
    if (start !== -1) throw refused(`Found a cycle: ${[...path.slice(start), id].join(" --> ")}`, nodes.get(id)?.path);
    for (const parent of nodes.get(id)?.dependsOn ?? []) walk(parent, [...path, id]);
    done.add(id);
  };
  for (const id of nodes.keys()) walk(id, []);
}
