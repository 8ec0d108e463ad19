import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { refused } from "./parse/parsing.ts";
import type { DbtNode, Manifest } from "./node.ts";
import { isRecord, type Plain } from "./plain.ts";
import { modelOf } from "./run/invocation.ts";
import type { FreshnessOutcome } from "./run/freshness.ts";
import type { NodeResult } from "./run/results.ts";
import { fingerprintOf, macroTexts } from "./select/state.ts";
import type { World } from "./world.ts";

/** Where an invocation keeps what it knows, for other tools and for later commands. */
export interface Artifacts {
  readonly folder: string;
  readonly world: World;
}

async function write({ folder }: Artifacts, file: string, content: unknown): Promise<void> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === "string" ? content : `${JSON.stringify(content, null, 1)}\n`);
}

function metadata({ world }: Artifacts, kind: string): Plain {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${kind}.json`,
    generated_at: new Date(world.startedAtMs).toISOString(),
    invocation_id: world.invocationId,
    project_name: world.root.name,
    adapter_type: world.warehouse.type,
  };
}

/** `manifest.json`: the graph, as other tools read it, and under `millwright` what a later state is compared with. */
export async function writeManifest(artifacts: Artifacts, manifest: Manifest): Promise<void> {
  const all = [...manifest.nodes.values()];
  const of = (types: readonly string[]) =>
    Object.fromEntries(all.filter(({ type }) => types.includes(type)).map((node) => [node.id, manifestNode(node)]));
  const children = new Map<string, string[]>(all.map(({ id }) => [id, []]));
  for (const { id, dependsOn } of all) for (const parent of dependsOn) children.get(parent)?.push(id);
  await write(artifacts, "manifest.json", {
    metadata: metadata(artifacts, "manifest/v12"),
    nodes: of(["model", "seed", "snapshot", "test", "analysis", "operation"]),
    sources: of(["source"]),
    exposures: of(["exposure"]),
    unit_tests: of(["unit_test"]),
    disabled: Object.fromEntries([...manifest.disabled].map(([id, node]) => [id, [manifestNode(node)]])),
    parent_map: Object.fromEntries(all.map(({ id, dependsOn }) => [id, dependsOn])),
    child_map: Object.fromEntries(children),
    docs: Object.fromEntries(
      [...manifest.docs]
        .filter(([name]) => !name.startsWith("*."))
        .map(([name, text]) => [`doc.${name}`, { name, block_contents: text }]),
    ),
    millwright: { macros: macroTexts(artifacts.world.macros) },
  });
}

function manifestNode(node: DbtNode): Plain {
  return {
    ...modelOf(node),
    checksum: { name: "sha256", checksum: fingerprintOf(node)["body"] },
    millwright: fingerprintOf(node),
  };
}

/** `run_results.json`: what became of each node, and how the command was asked for. */
export async function writeResults(artifacts: Artifacts, results: readonly NodeResult[], asked: Plain): Promise<void> {
  await write(artifacts, "run_results.json", {
    metadata: metadata(artifacts, "run-results/v6"),
    results: results.map(({ node, status, message, failures, sql, seconds, details }) => ({
      status,
      unique_id: node.id,
      message,
      failures,
      compiled: sql !== null,
      compiled_code: sql,
      relation_name: modelOf(node)["relation_name"],
      execution_time: seconds,
      thread_id: "Thread-1",
      timing: [],
      adapter_response: {},
      ...details,
    })),
    args: asked,
    elapsed_time: results.reduce((sum, { seconds }) => sum + seconds, 0),
  });
  for (const { node, sql } of results)
    if (sql !== null) await write(artifacts, join("compiled", node.package, compiledPath(node)), `${sql}\n`);
}

function compiledPath({ path, type, name, test }: DbtNode): string {
  return test === undefined && type !== "snapshot" && type !== "unit_test" ? path : join(path, `${name}.sql`);
}

export async function writeSources(
  artifacts: Artifacts,
  found: readonly { readonly id: string; readonly status: string; readonly outcome: FreshnessOutcome | null }[],
): Promise<void> {
  await write(artifacts, "sources.json", {
    metadata: metadata(artifacts, "sources/v3"),
    results: found.map(({ id, status, outcome }) => ({
      unique_id: id,
      status,
      max_loaded_at: outcome?.maxLoadedAt ?? null,
      snapshotted_at: outcome?.snapshottedAt ?? null,
      max_loaded_at_time_ago_in_s: outcome?.ageSeconds ?? null,
    })),
  });
}

/** A JSON file of a kept state; undefined when it is not there. */
export async function readArtifact(folder: string, file: string): Promise<Plain | undefined> {
  const text = await readFile(join(folder, file), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Told below.
  }
  throw refused(`Runtime Error\n  ${join(folder, file)} is no artifact of dbt: it is cut off or not JSON`);
}
