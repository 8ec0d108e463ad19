import { createHash } from "node:crypto";
import type { DbtNode } from "../node.ts";
import { refused } from "../parse/parsing.ts";
import { isRecord, recordOf, textOf, type Plain } from "../plain.ts";
import type { Macros } from "../macros.ts";

/** Two projects side by side: this one, and that of a kept manifest. */
export interface StateComparison {
  holds(node: DbtNode, what: string): boolean;
}

/** What of a node a manifest keeps so that a later one can be compared with it. */
export function fingerprintOf(node: DbtNode): Plain {
  return {
    body: checksum(
      node.rawCode +
        (node.source === undefined ? "" : JSON.stringify(node.source)) +
        (node.exposure === undefined ? "" : JSON.stringify(node.exposure)),
    ),
    // A source may not be asked what it is configured by, and a tag alone changes nothing that is built.
    configs: checksum(canonical(comparable(node.config))),
    relation: checksum(canonical(relationOf(node))),
    persisted_descriptions: checksum(node.description),
    contract: checksum(canonical(contractOf(node))),
  };
}

/** Where it is built, as the files say: another target alone is no change. */
function relationOf({ config, source, schema, type }: DbtNode): unknown {
  if (type === "source") return [schema, source?.identifier];
  return [config["database"] ?? null, config["schema"] ?? null, config["alias"] ?? null];
}

function contractOf({ config, columns, constraints }: DbtNode): unknown {
  const contract = recordOf(config["contract"]);
  if (contract["enforced"] !== true) return false;
  return {
    columns: columns
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, dataType, constraints: own }) => [name, dataType, own]),
    constraints,
  };
}

const UNCOMPARED = new Set(["schema", "alias", "database", "tags", "meta", "group", "docs", "enabled", "access"]);

function comparable(config: Plain): Plain {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !UNCOMPARED.has(key)));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The texts of all macros that a project has of its own, by id, and what each of them calls. */
export function macroTexts(macros: Macros): Plain {
  return Object.fromEntries(
    [...macros.packages].flatMap(([owner, own]) =>
      [...own.values()].map(({ name, text }) => [`macro.${owner}.${name}`, checksum(text)]),
    ),
  );
}

/** Compares with the nodes and macros of a kept manifest. */
export function compareWithState(
  old: Plain,
  now: { readonly macros: Plain; readonly dependencies: (macro: string) => readonly string[] },
): StateComparison {
  const oldNodes = {
    ...recordOf(old["nodes"]),
    ...recordOf(old["sources"]),
    ...recordOf(old["exposures"]),
    ...recordOf(old["unit_tests"]),
  };
  const oldMacros = recordOf(recordOf(old["millwright"])["macros"]);
  const changed = new Set(
    [...new Set([...Object.keys(oldMacros), ...Object.keys(now.macros)])].filter(
      (id) => oldMacros[id] !== now.macros[id],
    ),
  );
  const usesChanged = (node: DbtNode) =>
    changed.size > 0 && reachesChanged(node.macros, { changed, dependencies: now.dependencies });
  const differs = (node: DbtNode, part: string): boolean => {
    const before = recordOf(recordOf(oldNodes[node.id])["millwright"]);
    return before[part] !== fingerprintOf(node)[part];
  };
  const isModified = (node: DbtNode, part: string | undefined): boolean => {
    if (!Object.hasOwn(oldNodes, node.id)) return true;
    if (part === "macros") return usesChanged(node);
    if (part !== undefined) return differs(node, part);
    return ["body", "configs", "relation", "contract"].some((one) => differs(node, one)) || usesChanged(node);
  };
  return {
    holds: (node, what) => {
      const [kind = "", part] = what.split(".");
      if (kind === "new") return !Object.hasOwn(oldNodes, node.id);
      if (kind === "old") return Object.hasOwn(oldNodes, node.id);
      if (kind === "unmodified") return !isModified(node, undefined);
      if (kind === "modified" && (part === undefined || PARTS.has(part))) return isModified(node, part);
      throw refused(
        `Runtime Error\n  Got an invalid selector "${what}", expected one of "new", "old", "unmodified", "modified", ${[...PARTS].map((one) => `"modified.${one}"`).join(", ")}`,
      );
    },
  };
}

const PARTS = new Set(["body", "configs", "relation", "persisted_descriptions", "macros", "contract"]);

function reachesChanged(
  from: readonly string[],
  {
    changed,
    dependencies,
  }: { readonly changed: ReadonlySet<string>; readonly dependencies: (macro: string) => readonly string[] },
): boolean {
  const seen = new Set<string>();
  const queue = [...from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (changed.has(id)) return true;
    queue.push(...dependencies(id));
  }
  return false;
}

/** Statuses of a kept `run_results.json`, by unique id. */
export function statusesOf(results: Plain): ReadonlyMap<string, string> {
  const listed = results["results"];
  return new Map(
    (Array.isArray(listed) ? listed : []).map((result) => {
      const entry = recordOf(result);
      return [textOf(entry["unique_id"]), textOf(entry["status"])];
    }),
  );
}
