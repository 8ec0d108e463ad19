import { fromPlain, toText, type JinjaMap, type JinjaValue } from "../../jinja/values.ts";
import type { RenderingExtras } from "../compile-text.ts";
import type { TemplateTask } from "../names.ts";
import type { DbtNode, Manifest, RefCall } from "../node.ts";
import { indexNodes, type Index } from "../parse/link.ts";
import { recordOf, textOf, type Plain } from "../plain.ts";
import { relation, type Relation } from "../relation.ts";
import { Replay } from "../replay.ts";
import type { World } from "../world.ts";
import { CallRefusal } from "../../jinja/signals.ts";

/** One command at work: the graph, what of it is selected, and where what is not comes from. */
export interface Invocation {
  readonly world: World;
  readonly manifest: Manifest;
  readonly index: Index;
  readonly selected: ReadonlySet<string>;
  /** Relations of a kept manifest, by unique id, for what this target lacks; undefined without `--defer`. */
  readonly deferred: ReadonlyMap<string, string> | undefined;
  readonly templates: { graph?: JinjaMap };
  /** Where things are, when not under their own names: `ref` and `source` answer by these. */
  readonly places?: Places;
}

interface Places {
  readonly node: (node: DbtNode) => Relation;
  /** A source that no YAML declares. */
  readonly source: (table: string) => Relation;
}

export function invocation(
  world: World,
  manifest: Manifest,
  {
    selected = new Set(),
    deferred,
  }: { readonly selected?: ReadonlySet<string>; readonly deferred?: ReadonlyMap<string, string> } = {},
): Invocation {
  return { world, manifest, index: indexNodes(manifest.nodes.values()), selected, deferred, templates: {} };
}

/** A node as templates see it in `model` and `graph`. */
export function modelOf(node: DbtNode): Plain {
  return {
    name: node.name,
    unique_id: node.id,
    resource_type: node.type,
    package_name: node.package,
    original_file_path: node.path,
    path: node.path,
    fqn: node.fqn,
    alias: node.alias,
    schema: node.schema,
    database: node.database,
    config: { ...node.config, group: node.group, access: node.access },
    tags: node.tags,
    meta: node.meta,
    description: node.description,
    raw_code: node.rawCode,
    access: node.access,
    group: node.group,
    version: node.version === null ? null : numeric(node.version),
    latest_version: node.latestVersion === null ? null : numeric(node.latestVersion),
    identifier: node.source?.identifier ?? node.alias,
    relation_name: node.config["materialized"] === "ephemeral" ? null : relationOf(node).toText(),
    source_name: node.source?.sourceName,
    depends_on: { nodes: node.dependsOn, macros: node.macros },
    refs: node.refs,
    column_name: node.test?.column ?? null,
    columns: Object.fromEntries(
      node.columns.map(({ name, description, dataType, meta, tags, quote }) => [
        name,
        { name, description, data_type: dataType, meta, tags, quote },
      ]),
    ),
  };
}

function numeric(version: string): string | number {
  return /^\d+(?:\.\d+)?$/.test(version) ? Number(version) : version;
}

export function relationOf({ database, schema, alias, config }: DbtNode): Relation {
  const { materialized } = config;
  const kind = materialized === "view" ? "view" : materialized === "ephemeral" ? "cte" : "table";
  return relation({ database, schema, identifier: alias, kind });
}

/** The task by which a node's texts are rendered to be run. `ephemeral` is told of each ephemeral model that is met. */
export function executeTask(
  { world, manifest, index, selected, deferred, templates, places }: Invocation,
  node: DbtNode,
  {
    ephemeral,
    isIncremental = false,
    extra = new Map(),
    existing,
    replay = new Replay(),
    current,
  }: {
    readonly ephemeral: (node: DbtNode) => void;
    readonly isIncremental?: boolean;
    readonly extra?: ReadonlyMap<string, JinjaValue>;
    readonly existing?: ReadonlySet<string>;
    readonly replay?: Replay;
    /** What `this` is, when not the node's own relation. */
    readonly current?: Relation;
  },
): TemplateTask & RenderingExtras {
  const resolve = (target: DbtNode): Relation => {
    if (target.config["materialized"] === "ephemeral" && target.type === "model") {
      ephemeral(target);
      return expressionOf(target);
    }
    if (places !== undefined) return places.node(target);
    const kept = selected.has(target.id) ? undefined : deferred?.get(target.id);
    const plain = relationOf(target);
    const isThere = existing?.has(plain.toText().toLowerCase()) === true;
    return emptied(kept === undefined || (isThere && !world.flags.favorState) ? plain : named(kept, plain), world);
  };
  return {
    world,
    package: node.package,
    execute: true,
    model: modelOf(node),
    name: node.name,
    config: node.config,
    current: current ?? (places === undefined ? relationOf(node) : places.node(node)),
    isIncremental,
    replay,
    selected: [...selected],
    ref: (call) => {
      const target = index.ref(call, node.package);
      if (target === undefined) throw new CallRefusal(unknownRef(node, call));
      return resolve(target);
    },
    source: (source, table) => {
      const target = index.source(source, table, node.package);
      if (target === undefined && places !== undefined) return places.source(table);
      if (target === undefined)
        throw new CallRefusal(
          `Model '${node.id}' (${node.path}) depends on a source named '${source}.${table}' which was not found`,
        );
      return resolve(target);
    },
    onConfig: () => undefined,
    extra: new Map<string, JinjaValue>([["graph", graphMap(manifest, templates)], ...extra]),
  };
}

/** A node as a common table expression. */
export function expressionOf({ name }: DbtNode): Relation {
  const text = `__dbt__cte__${name}`;
  return relation({ database: null, schema: null, identifier: text, kind: "cte", text });
}

function unknownRef({ id, path, type }: DbtNode, { name, version }: RefCall): string {
  const which = version === null ? "" : ` with version '${version}'`;
  return `${type} '${id}' (${path}) depends on a node named '${name}'${which} which was not found`;
}

/** A kept relation by its text, with the parts of the one it stands for. */
function named(text: string, plain: Relation): Relation {
  const [database = null, schema = null, identifier = null] = [...text.matchAll(/"((?:[^"]|"")*)"/g)].map(
    ([, part = ""]) => part,
  );
  return relation({ database, schema, identifier, kind: toText(plain.get("type")) });
}

/** `--empty`: a relation's columns, and none of its rows. */
function emptied(target: Relation, { flags }: World): Relation {
  if (!flags.empty) return target;
  return relation({
    ...target.name,
    kind: toText(target.get("type")),
    text: `(select * from ${target.toText()} where false limit 0)`,
  });
}

/** `graph.nodes` and `graph.sources`, made once. */
function graphMap({ nodes }: Manifest, templates: Invocation["templates"]): JinjaMap {
  templates.graph ??= new Map<string, JinjaValue>(
    ["nodes", "sources", "exposures"].map((key): [string, JinjaValue] => [
      key,
      new Map(
        [...nodes.values()]
          .filter(({ type }) => (type === "source" ? "sources" : type === "exposure" ? "exposures" : "nodes") === key)
          .map((node) => [node.id, fromPlain(modelOf(node))]),
      ),
    ]),
  );
  return templates.graph;
}

/** The relation's text of a node in a kept manifest. */
export function keptRelations(manifest: Plain): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(recordOf(manifest["nodes"]))
      .map(([id, node]): [string, string] => [id, textOf(recordOf(node)["relation_name"])])
      .filter(([, text]) => text !== ""),
  );
}
