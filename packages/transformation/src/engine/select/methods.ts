import type { DbtNode } from "../node.ts";
import { refused } from "../parse/parsing.ts";
import { isRecord } from "../plain.ts";
import type { Criterion } from "./criteria.ts";
import { matches, matchesPath } from "./glob.ts";
import type { StateComparison } from "./state.ts";

/** What selecting looks at beside the nodes. */
export interface Selecting {
  readonly nodes: ReadonlyMap<string, DbtNode>;
  readonly project: string;
  readonly state: StateComparison | undefined;
  readonly results: ReadonlyMap<string, string> | undefined;
}

type Test = (node: DbtNode) => boolean;

/** The test of a criterion's method. Throws for a method that there is not. */
export function testOf({ method, argument, value }: Criterion, selecting: Selecting): Test {
  const make = METHODS[method];
  if (make === undefined || !Object.hasOwn(METHODS, method))
    throw refused(
      `Runtime Error\n  '${method}' is not a valid method name. Valid are: ${Object.keys(METHODS).join(", ")}`,
    );
  return make(value, { argument, selecting });
}

interface Asked {
  readonly argument: string;
  readonly selecting: Selecting;
}

const METHODS: Readonly<Record<string, (value: string, asked: Asked) => Test>> = {
  fqn: (value) => (node) => node.type !== "source" && isNamed(node, value),
  tag: (value) => (node) => node.tags.some((tag) => matches(tag, value)),
  group: (value) => (node) => node.group !== null && matches(node.group, value),
  access: (value) => (node) => node.type === "model" && node.access === value,
  source: (value) => (node) => node.type === "source" && isSource(node, value.split(".")),
  exposure: (value) => (node) => node.type === "exposure" && isQualified(node, value),
  unit_test: (value) => (node) => node.type === "unit_test" && isQualified(node, value),
  metric: () => () => false,
  semantic_model: () => () => false,
  saved_query: () => () => false,
  path: (value) => (node) =>
    isBelow(node.path, value) || (node.patchPath !== null && matchesPath(node.patchPath, value)),
  file: (value) => (node) => isFile(node.path, value),
  package:
    (value, { selecting }) =>
    (node) =>
      matches(node.package, value === "this" ? selecting.project : value),
  config:
    (value, { argument }) =>
    (node) =>
      hasConfig(node, argument.split("."), value),
  resource_type: (value) => {
    if (!RESOURCE_TYPES.has(value)) throw refused(`Runtime Error\n  Invalid resource_type selector "${value}"`);
    return (node) => node.type === value;
  },
  test_type: (value) => testType(value),
  test_name: (value) => (node) =>
    node.type === "unit_test" ? matches(node.name, value) : node.test !== undefined && matches(node.test.name, value),
  version: (value) => versionTest(value),
  state: (value, { selecting }) => stateTest(value, selecting),
  result: (value, { selecting: { results } }) => {
    if (results === undefined)
      throw refused(
        "Runtime Error\n  No comparison run_results: `result:` needs --state with a folder that has run_results.json",
      );
    return (node) => results.get(node.id) === value;
  },
  source_status: () => {
    throw refused("Runtime Error\n  No previous state comparison freshness results in sources.json");
  },
};

const RESOURCE_TYPES = new Set([
  "model",
  "seed",
  "snapshot",
  "test",
  "unit_test",
  "analysis",
  "operation",
  "source",
  "exposure",
  "metric",
  "semantic_model",
  "saved_query",
  "macro",
  "group",
  "docs",
  "function",
]);

/** A name, or a path of names: with or without the package, a folder stands for all in it. */
function isNamed(node: DbtNode, value: string): boolean {
  return isInFqn(node.fqn, value, node.version !== null) || isInFqn(node.fqn.slice(1), value, node.version !== null);
}

function isInFqn(fqn: readonly string[], value: string, isVersioned: boolean): boolean {
  // A version's last two parts are one name: `fees.v1`, for which `fees` and `fees_v1` stand too.
  if (isVersioned) {
    const name = fqn.at(-2) ?? "";
    const version = fqn.at(-1) ?? "";
    if ([name, `${name}.${version}`, `${name}_${version}`].some((one) => matches(one, value))) return true;
  } else if (matches(fqn.at(-1) ?? "", value)) return true;
  const flat = fqn.flatMap((part) => part.split("."));
  const wanted = value.split(".");
  if (flat.length < wanted.length) return false;
  for (const [index, part] of wanted.entries()) {
    if (/[*?[\]]/.test(part)) return matches(flat.slice(index).join("."), wanted.slice(index).join("."));
    if (flat[index] !== part) return false;
  }
  return true;
}

function isSource({ package: owner, source, name }: DbtNode, parts: readonly string[]): boolean {
  const [table = "*", from = "*", of = "*"] = parts.length === 1 ? ["*", parts[0]] : parts.toReversed();
  return matches(name, table) && matches(source?.sourceName ?? "", from) && matches(owner, of);
}

function isQualified({ package: owner, name }: DbtNode, value: string): boolean {
  const [last = "*", of = "*"] = value.split(".").toReversed();
  return matches(name, last) && matches(owner, of);
}

function isBelow(path: string, pattern: string): boolean {
  const parts = path.split("/");
  return parts.some((_, index) => matchesPath(parts.slice(0, index + 1).join("/"), pattern));
}

function isFile(path: string, value: string): boolean {
  const name = path.split("/").at(-1) ?? path;
  return matches(name, value) || matches(name.replace(/\.[^.]*$/, ""), value);
}

function hasConfig({ type, config, tags, group }: DbtNode, keys: readonly string[], wanted: string): boolean {
  if (type === "exposure" || type === "unit_test") return false;
  const start: unknown = { ...config, tags, group };
  const found = keys.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), start);
  const isOne = (value: unknown) =>
    typeof value === "boolean"
      ? String(value) === wanted.toLowerCase()
      : keys[0] === "severity" && typeof value === "string"
        ? value.toLowerCase() === wanted.toLowerCase()
        : (typeof value === "string" || typeof value === "number") && String(value) === wanted;
  return Array.isArray(found) ? found.some(isOne) : isOne(found);
}

function testType(value: string): Test {
  if (value === "generic" || value === "schema") return ({ test }) => test !== undefined;
  if (value === "data") return ({ type }) => type === "test";
  if (value === "singular") return ({ type, test }) => type === "test" && test === undefined;
  if (value === "unit") return ({ type }) => type === "unit_test";
  throw refused(
    `Runtime Error\n  Invalid test type selector ${value}: expected "generic", "singular", "unit", or "data"`,
  );
}

function versionTest(value: string): Test {
  return ({ type, version, latestVersion }) => {
    if (type !== "model") return false;
    if (value === "none") return version === null;
    if (version === null || latestVersion === null) return false;
    const order = version.localeCompare(latestVersion, "en", { numeric: true });
    if (value === "latest") return order === 0;
    if (value === "prerelease") return order > 0;
    if (value === "old") return order < 0;
    throw refused(
      `Runtime Error\n  Invalid version type selector ${value}: expected one of: "latest", "prerelease", "old", or "none"`,
    );
  };
}

function stateTest(value: string, { state }: Selecting): Test {
  if (state === undefined)
    throw refused(
      "Runtime Error\n  Got a state selector method, but no comparison manifest: give --state with a folder that has manifest.json",
    );
  return (node) => state.holds(node, value);
}
