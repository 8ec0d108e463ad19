import type { Config } from "./node.ts";
import { isRecord, recordOf, textsOf, type Plain } from "./plain.ts";
import { isDeeper, type Package } from "./project-files.ts";

// How a thing's configuration comes together: dbt_project.yml from the outer folder to the inner, then the YAML entry, then
// the call of `config()` in the file. Lists of tags and hooks add up, maps of meta merge, everything else is replaced.

const LISTS = new Set(["tags", "pre_hook", "post_hook", "packages"]);
const MAPS = new Set(["meta", "column_types", "quoting", "persist_docs", "grants", "docs", "event_time"]);

/** Puts one layer over another. */
export function merged(outer: Config, inner: Config): Config {
  const result: Record<string, unknown> = { ...outer };
  for (const [written, value] of Object.entries(inner)) {
    const key = written.replaceAll("-", "_");
    if (LISTS.has(key)) result[key] = added(key, result[key], value);
    else if (MAPS.has(key) && isRecord(value)) result[key] = { ...recordOf(result[key]), ...value };
    else result[key] = value;
  }
  return result;
}

function added(key: string, outer: unknown, inner: unknown): readonly unknown[] {
  const before = outer === undefined ? [] : (outer as readonly unknown[]);
  const more = key === "tags" ? textsOf(inner) : listed(inner);
  return key === "tags" ? [...new Set([...before, ...more])] : [...before, ...more];
}

function listed(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

/** The layers of `dbt_project.yml` for a thing: its package's own, then what the root project says of it. */
export function projectConfig(
  { owner, root, section }: { readonly owner: Package; readonly root: Package; readonly section: string },
  { fqn, render }: { readonly fqn: readonly string[]; readonly render: (value: unknown, path: string) => unknown },
): Config {
  const sections = owner === root ? [root] : [owner, root];
  return sections
    .flatMap((from) => layersOf(sectionOf(from, section), fqn))
    .map((layer) => rendered(layer, render))
    .reduce(merged, {});
}

/** `tests:` is the older name of `data_tests:`. */
function sectionOf(from: Package, section: string): Plain {
  const found = recordOf(from.settings[section]);
  return section === "data_tests" ? { ...recordOf(from.settings["tests"]), ...found } : found;
}

function layersOf(section: Plain, fqn: readonly string[]): readonly Plain[] {
  const layers: Plain[] = [];
  let level: Plain | undefined = section;
  for (const part of [...fqn, undefined]) {
    layers.push(settingsOf(level));
    if (part === undefined) break;
    const next: unknown = level[part];
    if (!isRecord(next)) break;
    level = next;
  }
  return layers;
}

function settingsOf(level: Plain): Plain {
  return Object.fromEntries(
    Object.entries(level)
      .filter(([key, value]) => !isDeeper(key, value))
      .map(([key, value]) => [key.replace(/^\+/, "").trim(), value]),
  );
}

/** Hooks stay as they are written: they are rendered when they run. */
function rendered(layer: Plain, render: (value: unknown, path: string) => unknown): Plain {
  return Object.fromEntries(
    Object.entries(layer).map(([key, value]) => [
      key,
      /^(?:pre|post)[-_]hook$/.test(key) ? value : render(value, "dbt_project.yml"),
    ]),
  );
}
