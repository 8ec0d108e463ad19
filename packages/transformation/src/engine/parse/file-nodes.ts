import { basename } from "node:path";
import { parseText } from "../compile-text.ts";
import { merged, projectConfig } from "../config.ts";
import type { ColumnInfo, Config, Constraint, DbtNode, ResourceType } from "../node.ts";
import { recordOf, recordsOf, textOf, textOrNull, textsOf, type Plain } from "../plain.ts";
import { foldersOf, type Package, type SourceFile } from "../project-files.ts";
import { inNode, noCalls, parseTask, relationNames, type PackageParsing } from "./parsing.ts";
import { snapshotBlocks, type Entry } from "./yaml-entries.ts";

/** What a file becomes before its text is parsed. */
interface Draft {
  readonly type: ResourceType;
  readonly name: string;
  readonly path: string;
  readonly fqn: readonly string[];
  readonly section: string;
  readonly text: string;
  readonly patch: Entry | undefined;
  /** The version's own entry. */
  readonly version?: Plain;
}

const SECTIONS: Readonly<Record<string, { readonly type: ResourceType; readonly section: string }>> = {
  models: { type: "model", section: "models" },
  seeds: { type: "seed", section: "seeds" },
  analyses: { type: "analysis", section: "models" },
  tests: { type: "test", section: "data_tests" },
};

export type Patches = ReadonlyMap<string, readonly Entry[]>;

/** The models, seeds, analyses and singular tests of a package, by its files. */
export function fileNodes(parsing: PackageParsing, kind: string, patches: Patches): readonly DbtNode[] {
  const { owner } = parsing;
  const { type, section } = SECTIONS[kind] ?? { type: "model", section: "models" };
  const files = filesOf(owner, kind);
  const entries = patches.get(kind) ?? [];
  return files.flatMap((file) => {
    const name = basename(file.path).replace(/\.(?:sql|csv)$/, "");
    const folders = foldersOf(owner, kind, file.path);
    const draft = { type, section, path: file.path, text: file.text };
    const versioned = kind === "models" ? versionOf(name, entries) : undefined;
    if (versioned !== undefined) {
      const { entry, version } = versioned;
      const base = textOf(entry.content["name"]);
      const fqn = [owner.name, ...folders, base, `v${textOf(version["v"])}`];
      return [nodeOf(parsing, { ...draft, name: base, fqn, patch: entry, version })];
    }
    const inner = kind === "analyses" ? ["analysis", ...folders] : folders;
    const patch = entries.find(({ content }) => content["name"] === name);
    return [nodeOf(parsing, { ...draft, name, fqn: [owner.name, ...inner, name], patch })];
  });
}

function filesOf(owner: Package, kind: string): readonly SourceFile[] {
  if (kind === "models") return owner.models;
  if (kind === "seeds") return owner.seeds;
  if (kind === "analyses") return owner.analyses;
  return owner.tests.filter(({ path }) => path.split("/")[1] !== "generic");
}

/** The version that a file is: by `defined_in`, or by a name that ends in `_v1`, or `.v1`. */
function versionOf(
  file: string,
  entries: readonly Entry[],
): { readonly entry: Entry; readonly version: Plain } | undefined {
  for (const entry of entries) {
    const base = textOf(entry.content["name"]);
    for (const version of recordsOf(entry.content["versions"])) {
      const v = textOf(version["v"]);
      const names = [textOrNull(version["defined_in"])?.replace(/\.sql$/, ""), `${base}_v${v}`, `${base}.v${v}`];
      const isLatest = v === latestVersion(entry.content) && file === base;
      if (names.includes(file) || (isLatest && version["defined_in"] === undefined)) return { entry, version };
    }
  }
  return undefined;
}

function latestVersion(content: Plain): string | null {
  const named = textOrNull(content["latest_version"]);
  if (named !== null) return named;
  const all = recordsOf(content["versions"]).map(({ v }) => textOf(v));
  return all.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? null;
}

function nodeOf(parsing: PackageParsing, draft: Draft): DbtNode {
  const calls = noCalls();
  const before = configBefore(parsing, draft);
  if (draft.type !== "seed") {
    const task = parseTask(parsing.world, { owner: parsing.owner.name, name: draft.name, config: before, calls });
    try {
      parseText(task, { text: draft.text, path: draft.path });
      // What only an increment reads is made before it all the same.
      if (parsing.world.inLake) parseText({ ...task, isIncremental: true }, { text: draft.text, path: draft.path });
    } catch (error) {
      throw inNode(error, draft);
    }
  }
  const config = withDefaults(merged(before, calls.config), draft.type);
  return finished(parsing, draft, { config, calls });
}

/** All of the configuration but what the file itself calls. */
function configBefore({ world, owner, render }: PackageParsing, { section, fqn, patch, version }: Draft): Config {
  const layers = [
    projectConfig({ owner, root: world.root, section }, { fqn, render }),
    entryConfig(patch?.content),
    ...(version === undefined ? [] : [entryConfig(version)]),
  ];
  return layers.reduce(merged, {});
}

const TOP_LEVEL = [
  "tags",
  "meta",
  "access",
  "group",
  "docs",
  "enabled",
  "freshness",
  "event_time",
  "unique_key",
  "strategy",
  "updated_at",
];

/** `config:` of a YAML entry, and the keys that may also stand beside it. */
function entryConfig(content: Plain | undefined): Config {
  if (content === undefined) return {};
  const beside = TOP_LEVEL.filter((key) => content[key] !== undefined && content[key] !== null).map((key) => [
    key,
    content[key],
  ]);
  return merged(Object.fromEntries(beside) as Plain, recordOf(content["config"]));
}

export function withDefaults(config: Config, type: ResourceType): Config {
  const materialized = {
    model: "view",
    analysis: "view",
    operation: "view",
    seed: "seed",
    snapshot: "snapshot",
    test: "test",
  };
  const audit =
    type === "test"
      ? { schema: "dbt_test__audit", severity: "ERROR", warn_if: "!= 0", error_if: "!= 0", fail_calc: "count(*)" }
      : {};
  return {
    enabled: true,
    tags: [],
    meta: {},
    materialized: Object.hasOwn(materialized, type) ? materialized[type as keyof typeof materialized] : undefined,
    ...audit,
    ...config,
  };
}

/** A draft with its configuration becomes a node. */
function finished(
  parsing: PackageParsing,
  { type, name, path, fqn, text, patch, version }: Draft,
  { config, calls }: { readonly config: Config; readonly calls: ReturnType<typeof noCalls> },
): DbtNode {
  const { owner, world } = parsing;
  const v = version === undefined ? null : textOf(version["v"]);
  const names = relationNames(world, { name, owner, type, config, fqn, version: v });
  const content = patch?.content ?? {};
  return {
    id: [type, owner.name, name, ...(v === null ? [] : [`v${v}`])].join("."),
    type,
    name,
    package: owner.name,
    path,
    fqn,
    rawCode: text,
    config,
    ...names,
    tags: textsOf(config["tags"]),
    meta: recordOf(config["meta"]),
    description: textOf(version?.["description"] ?? content["description"]),
    columns: columnsOf(content, version),
    constraints: constraintsOf(content),
    refs: calls.refs,
    sources: calls.sources,
    dependsOn: [],
    macros: [...calls.macros],
    access: textOf(config["access"], "protected"),
    group: textOrNull(config["group"]),
    version: v,
    latestVersion: version === undefined ? null : latestVersion(content),
    patchPath: patch?.path ?? null,
  };
}

/** A version's columns: those of the entry that it includes, less what it excludes, and its own. */
export function columnEntries(content: Plain, version: Plain | undefined): readonly Plain[] {
  const base = recordsOf(content["columns"]);
  const listed = version?.["columns"];
  if (!Array.isArray(listed)) return base;
  const own = recordsOf(listed);
  const rule = own.find((column) => column["include"] !== undefined);
  const included = rule === undefined ? [] : base.filter(({ name }) => isIncluded(textOf(name), rule));
  const added = own.filter((column) => column["name"] !== undefined);
  const replaced = new Set(added.map(({ name }) => name));
  return [...included.filter(({ name }) => !replaced.has(name)), ...added];
}

function isIncluded(name: string, rule: Plain): boolean {
  const { include } = rule;
  const isAll = include === "*" || include === "all";
  return (isAll || textsOf(include).includes(name)) && !textsOf(rule["exclude"]).includes(name);
}

export function columnsOf(content: Plain, version?: Plain): readonly ColumnInfo[] {
  return columnEntries(content, version).map((entry) => ({
    name: textOf(entry["name"]),
    description: textOf(entry["description"]),
    dataType: textOrNull(entry["data_type"]),
    quote: entry["quote"] === true,
    tags: textsOf(entry["tags"] ?? recordOf(entry["config"])["tags"]),
    meta: recordOf(entry["meta"] ?? recordOf(entry["config"])["meta"]),
    constraints: constraintsOf(entry),
  }));
}

function constraintsOf(entry: Plain): readonly Constraint[] {
  return recordsOf(entry["constraints"]).map((constraint) => ({
    type: textOf(constraint["type"]),
    expression: textOrNull(constraint["expression"]),
    columns: textsOf(constraint["columns"]),
    name: textOrNull(constraint["name"]),
    to: textOrNull(constraint["to"]),
    toColumns: textsOf(constraint["to_columns"]),
  }));
}

/** Snapshots: blocks in files below `snapshots/`, and entries in YAML that name a relation. */
export function snapshotNodes(parsing: PackageParsing, entries: readonly Entry[]): readonly DbtNode[] {
  const { owner } = parsing;
  const blocks = [...owner.snapshots, ...owner.models.filter(({ text }) => /\{%-?\s*snapshot\s/.test(text))].flatMap(
    ({ path, text }) =>
      snapshotBlocks(text, path).map((block) => {
        const folders = foldersOf(owner, "snapshots", path);
        const patch = entries.find(({ content }) => content["name"] === block.name);
        const fqn = [owner.name, ...folders, basename(path, ".sql"), block.name];
        return nodeOf(parsing, {
          type: "snapshot",
          section: "snapshots",
          name: block.name,
          path,
          fqn,
          text: block.text,
          patch,
        });
      }),
  );
  const declared = entries
    .filter(({ content }) => content["relation"] !== undefined)
    .map((patch) => {
      const name = textOf(patch.content["name"]);
      const fqn = [owner.name, ...foldersOf(owner, "snapshots", patch.path), name];
      const text = `select * from {{ ${textOf(patch.content["relation"])} }}`;
      return nodeOf(parsing, { type: "snapshot", section: "snapshots", name, path: patch.path, fqn, text, patch });
    });
  return [...blocks, ...declared];
}
