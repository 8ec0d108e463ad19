import { blankNode, type NodeNames } from "../blank-node.ts";
import { merged, projectConfig } from "../config.ts";
import type { Age, Config, DbtNode, Freshness, UnitInput, UnitRows } from "../node.ts";
import { isRecord, recordOf, recordsOf, textOf, textOrNull, textsOf, type Plain } from "../plain.ts";
import { foldersOf } from "../project-files.ts";
import { columnsOf, withDefaults } from "./file-nodes.ts";
import { parseText } from "../compile-text.ts";
import { noCalls, parseTask, refused, type Calls, type PackageParsing } from "./parsing.ts";
import type { Entry } from "./yaml-entries.ts";

/** A node of a package's YAML file, with nothing in it but its names. */
function blank({ owner, world }: PackageParsing, names: Omit<NodeNames, "id" | "package">): DbtNode {
  const id = `${names.type}.${owner.name}.${names.name}`;
  return { ...blankNode(world, { ...names, id, package: owner.name }), patchPath: names.path };
}

/** The tables of a `sources:` entry. What the source says holds for each table that does not say otherwise. */
export function sourceNodes(
  parsing: PackageParsing,
  entry: Entry,
): readonly { readonly node: DbtNode; readonly table: Plain }[] {
  const { owner, world, render } = parsing;
  const { content, path } = entry;
  const source = textOf(content["name"]);
  const shared = ownConfig(content);
  return recordsOf(content["tables"]).map((table) => {
    const name = textOf(table["name"]);
    const fqn = [owner.name, ...foldersOf(owner, "models", path), source, name];
    const own = ownConfig(table);
    const before = projectConfig({ owner, root: world.root, section: "sources" }, { fqn, render });
    const config: Config = { enabled: true, ...[shared, own].reduce(merged, before) };
    const identifier = textOf(table["identifier"], name);
    const node: DbtNode = {
      ...blank(parsing, { type: "source", name, path, fqn, config }),
      id: `source.${owner.name}.${source}.${name}`,
      schema: textOf(content["schema"], source),
      database: textOf(content["database"], world.warehouse.database),
      alias: identifier,
      description: textOf(table["description"]),
      columns: columnsOf(table),
      source: {
        sourceName: source,
        identifier,
        loadedAtField: textOrNull(config["loaded_at_field"]),
        freshness: freshnessOf(shared["freshness"], own["freshness"]),
      },
    };
    return { node, table };
  });
}

function ownConfig(content: Plain): Config {
  const beside = ["tags", "meta", "enabled", "freshness", "loaded_at_field", "event_time"]
    .filter((key) => content[key] !== undefined)
    .map((key) => [key, content[key]]);
  return merged(Object.fromEntries(beside) as Plain, recordOf(content["config"]));
}

/** A table's own bounds replace the source's, one by one; null takes them away. */
function freshnessOf(shared: unknown, own: unknown): Freshness | null {
  if (own === null || (own === undefined && !isRecord(shared))) return null;
  const [outer, inner] = [recordOf(shared), recordOf(own)];
  const age = (key: string): Age | null => {
    const given = inner[key] === null ? {} : { ...recordOf(outer[key]), ...recordOf(inner[key]) };
    return given["count"] === undefined || given["count"] === null
      ? null
      : { count: Number(given["count"]), period: textOf(given["period"]) };
  };
  return {
    warnAfter: age("warn_after"),
    errorAfter: age("error_after"),
    filter: textOrNull(inner["filter"] ?? outer["filter"]),
  };
}

export function exposureNode(parsing: PackageParsing, { content, path }: Entry): DbtNode {
  const { owner, world, render } = parsing;
  const name = textOf(content["name"]);
  const fqn = [owner.name, ...foldersOf(owner, "models", path), name];
  const before = projectConfig({ owner, root: world.root, section: "exposures" }, { fqn, render });
  const config = { enabled: true, ...[ownConfig(content)].reduce(merged, before) };
  const calls = callsIn(parsing, textsOf(content["depends_on"]), path);
  return {
    ...blank(parsing, { type: "exposure", name, path, fqn, config }),
    description: textOf(content["description"]),
    refs: calls.refs,
    sources: calls.sources,
    exposure: content,
  };
}

/** What expressions such as `ref('x')` name. */
function callsIn({ owner, world }: PackageParsing, expressions: readonly string[], path: string): Calls {
  const calls = noCalls();
  const task = parseTask(world, { owner: owner.name, name: "", config: {}, calls });
  for (const text of expressions) parseText(task, { text: `{{ ${text} }}`, path });
  return calls;
}

/** A unit test stands on its model, of which it may name the version. */
export function unitTestNodes(
  parsing: PackageParsing,
  { content, path }: Entry,
  models: readonly DbtNode[],
): readonly DbtNode[] {
  const { owner, world, render } = parsing;
  const [name, model] = [textOf(content["name"]), textOf(content["model"])];
  const asked = recordOf(content["versions"]);
  const found = models.filter(
    (node) =>
      node.type === "model" &&
      node.name === model &&
      (asked["include"] === undefined || textsOf(asked["include"]).includes(node.version ?? "")) &&
      !textsOf(asked["exclude"]).includes(node.version ?? "never"),
  );
  if (found.length === 0)
    throw refused(`Unable to find model '${owner.name}.${model}' for unit test '${name}' in ${path}`, path);
  for (const subject of found) refuseUndecided(subject, name, recordOf(content["overrides"]));
  return found.map((subject) => {
    const shown = subject.version === null ? name : `${name}_v${subject.version}`;
    const fqn = [owner.name, ...foldersOf(owner, "models", path), model, shown];
    const before = projectConfig({ owner, root: world.root, section: "unit_tests" }, { fqn, render });
    const config = { enabled: true, tags: [], meta: {}, ...[ownConfig(content)].reduce(merged, before) };
    return {
      ...blank(parsing, { type: "unit_test", name, path, fqn, config }),
      id: `unit_test.${owner.name}.${model}.${shown}`,
      description: textOf(content["description"]),
      refs: [{ package: subject.package, name: subject.name, version: subject.version }],
      rawCode: JSON.stringify(content),
      unit: {
        model: subject.id,
        given: recordsOf(content["given"]).map(unitInput),
        expect: rowsOf(recordOf(content["expect"])),
        overrides: recordOf(content["overrides"]),
      },
    };
  });
}

/** Whether a model is tested as an increment has to be said. */
function refuseUndecided(model: DbtNode, test: string, overrides: Plain): void {
  if (!model.macros.includes("macro.dbt.is_incremental")) return;
  if (typeof recordOf(overrides["macros"])["is_incremental"] === "boolean") return;
  throw refused(
    `Parsing Error\n  Boolean override for 'is_incremental' must be provided for unit test '${test}' in model '${model.name}'`,
    model.path,
  );
}

function unitInput(given: Plain): UnitInput {
  return { ...rowsOf(given), input: textOf(given["input"]) };
}

function rowsOf(given: Plain): UnitRows {
  return { format: textOf(given["format"], "dict"), rows: given["rows"] ?? given["fixture"] ?? [] };
}

/** `on-run-start` and `on-run-end`: each text is an operation. */
export function operationNodes(parsing: PackageParsing): readonly DbtNode[] {
  const { owner, world, render } = parsing;
  return ["on-run-start", "on-run-end"].flatMap((hook) =>
    textsOf(owner.settings[hook]).map((text, index) => {
      const name = `${owner.name}-${hook}-${index}`;
      const fqn = [owner.name, "hooks", name];
      const before = projectConfig({ owner, root: world.root, section: "models" }, { fqn, render });
      const config = withDefaults([before].reduce(merged, { tags: [hook] }), "operation");
      const calls = noCalls();
      const names = new Map([
        ["results", []],
        ["schemas", []],
        ["database_schemas", []],
      ]);
      parseText(
        { ...parseTask(world, { owner: owner.name, name, config, calls }), extra: names },
        { text, path: "dbt_project.yml" },
      );
      return {
        ...blank(parsing, { type: "operation", name, path: "dbt_project.yml", fqn, config }),
        rawCode: text,
        refs: calls.refs,
        sources: calls.sources,
        macros: [...calls.macros],
        hook,
      };
    }),
  );
}
