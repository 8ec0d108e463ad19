import type { DbtNode, ResourceType } from "../node.ts";
import { modelOf } from "../run/invocation.ts";
import { selectedIds, type Outcome, type Session } from "./session.ts";

const LISTED: readonly ResourceType[] = ["model", "seed", "snapshot", "test", "unit_test", "source", "exposure"];

/** `ls`: the names of what is selected. */
export async function listNodes(session: Session): Promise<Outcome> {
  const ids = await selectedIds(session, new Set(LISTED));
  const nodes = [...ids].map((id) => session.manifest.nodes.get(id)).filter((node) => node !== undefined);
  const { asked } = session;
  const lines = nodes
    .map((node) => line(node, { output: asked.values["output"] ?? "selector", keys: asked.lists["output-keys"] ?? [] }))
    .toSorted();
  if (nodes.length === 0) session.world.tell({ level: "warn", text: "No nodes selected!" });
  return { exitCode: 0, lines, results: [] };
}

const KEYS = [
  "alias",
  "name",
  "package_name",
  "depends_on",
  "tags",
  "config",
  "resource_type",
  "source_name",
  "original_file_path",
  "unique_id",
];

function line(node: DbtNode, { output, keys }: { readonly output: string; readonly keys: readonly string[] }): string {
  if (output === "name") return node.type === "source" ? `${node.source?.sourceName ?? ""}.${node.name}` : node.name;
  if (output === "path") return node.path;
  if (output === "json") return json(node, keys.length === 0 ? KEYS : keys.flatMap((key) => key.split(/\s+/)));
  return selector(node);
}

function json(node: DbtNode, keys: readonly string[]): string {
  const all = modelOf(node);
  const shown = keys.filter((key) => all[key] !== undefined && (all[key] !== null || KEYS.includes(key)));
  // Python writes a space after each comma and colon.
  return `{${shown.map((key) => `"${key}": ${spaced(all[key])}`).join(", ")}}`;
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  return `{${Object.entries(value)
    .map(([key, inner]) => `"${key}": ${spaced(inner)}`)
    .join(", ")}}`;
}

function selector({ type, fqn, package: owner, source, name }: DbtNode): string {
  if (type === "source") return `source:${owner}.${source?.sourceName ?? ""}.${name}`;
  if (type === "exposure") return `exposure:${owner}.${name}`;
  if (type === "unit_test") return `unit_test:${owner}.${name}`;
  return fqn.join(".");
}
