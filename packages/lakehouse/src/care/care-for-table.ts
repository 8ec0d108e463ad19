import { isMillError } from "@millwright/kernel";
import { mergePolicyOf } from "../commit/merge-manifests.ts";
import type { SqlEngine } from "../ports.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { manifestsOf } from "../table-files.ts";
import { carePolicyOf, type CareDefaults, type CarePolicy } from "./care-policy.ts";
import { compactTable } from "./compact.ts";
import { expireSnapshots } from "./expire.ts";
import { removeOrphans } from "./remove-orphans.ts";
import { rewriteManifests } from "./rewrite-manifests.ts";
import { identifierNamed, tableNow } from "./table-named.ts";

/** One part of a table's care, and what became of it. */
export interface CareAction {
  readonly action: "compact" | "rewrite-manifests" | "expire" | "remove-orphans";
  /** `would`: in a dry run. `nothing`: it was not due. `off`: by policy. `left`: something before it failed. */
  readonly outcome: "done" | "would" | "nothing" | "off" | "left" | "failed";
  /** How many files were written anew, or deleted. */
  readonly files: number;
  readonly bytes: number;
  /** What was done, or why nothing was. */
  readonly told: string;
}

export interface TableCare {
  readonly table: string;
  readonly atMs: number;
  readonly isDryRun: boolean;
  readonly actions: readonly CareAction[];
}

interface Places {
  readonly world: CatalogWorld;
  readonly engine: SqlEngine;
}

export interface CareOptions {
  readonly defaults: CareDefaults;
  readonly isDryRun: boolean;
  /** Looking for orphans reads the table's whole folder. Default true. */
  readonly looksForOrphans?: boolean;
}

/** A writer may be about to commit younger ones, and may take long. */
const ORPHANS_OLDER_THAN_MS = 7 * 86_400_000;

type Part = Omit<CareAction, "action">;
const NOTHING = { outcome: "nothing", files: 0, bytes: 0 } as const;

/**
 * Does for a table what its policy asks for and is due, beside other writers. Where a part fails, nothing is deleted after
 * it: of a commit whose outcome is not known all files stay.
 */
export async function careForTable(places: Places, name: string, options: CareOptions): Promise<TableCare> {
  const { world } = places;
  const { metadata } = await tableNow(world, identifierNamed(name));
  const policy = carePolicyOf(metadata, options.defaults);
  const parts: readonly (readonly [CareAction["action"], unknown, () => Promise<Part>])[] = [
    ["compact", policy.compact, () => compacted(places, name, options)],
    ["rewrite-manifests", policy.rewriteManifests, () => rewritten(places, name, options)],
    ["expire", policy.expire, () => expired(places, name, { ...options, expire: policy.expire })],
    ["remove-orphans", policy.removeOrphans, () => cleared(places, name, options)],
  ];
  const actions: CareAction[] = [];
  let failed: string | undefined;
  for (const [action, asked, work] of parts) {
    const part = typeof asked === "string" ? { ...NOTHING, outcome: "off" as const, told: asked } : undefined;
    const left = failed === undefined ? undefined : { ...NOTHING, outcome: "left" as const, told: `${failed} failed` };
    const done = part ?? left ?? (await attempted(world, name, work));
    if (done.outcome === "failed") failed = action;
    actions.push({ action, ...done });
  }
  return { table: name, atMs: world.clock.nowMs(), isDryRun: options.isDryRun, actions };
}

async function attempted({ logger }: CatalogWorld, name: string, work: () => Promise<Part>): Promise<Part> {
  try {
    return await work();
  } catch (error) {
    if (!isMillError(error)) throw error;
    logger.warn({ err: error, table: name }, "a part of a table's care failed");
    return { ...NOTHING, outcome: "failed", told: `${error.code}: ${error.because}` };
  }
}

function outcomeOf({ isDryRun }: CareOptions): "would" | "done" {
  return isDryRun ? "would" : "done";
}

async function compacted(places: Places, name: string, options: CareOptions): Promise<Part> {
  const { isDryRun } = options;
  const { filesBefore, filesAfter, bytesBefore } = await compactTable(places, name, { isDryRun });
  if (filesBefore === 0) return { ...NOTHING, told: "its files are as they should be" };
  const told = `${filesBefore} files as ${filesAfter}`;
  return { outcome: outcomeOf(options), files: filesBefore, bytes: bytesBefore, told };
}

/** A commit merges manifests of its own; what is due here is what it leaves when there are very many. */
async function rewritten({ world }: Places, name: string, options: CareOptions): Promise<Part> {
  const { metadata } = await tableNow(world, identifierNamed(name));
  const { minCount } = mergePolicyOf(metadata.properties);
  const count = (await manifestsOf(world.store, metadata)).length;
  if (count <= minCount) return { ...NOTHING, told: `${count} manifests are not many` };
  const { before, after } = await rewriteManifests(world, name, options);
  if (before === after) return { ...NOTHING, told: `the ${before} manifests stay` };
  return { outcome: outcomeOf(options), files: before, bytes: 0, told: `${before} manifests as ${after}` };
}

async function expired(
  { world }: Places,
  name: string,
  options: CareOptions & Pick<CarePolicy, "expire">,
): Promise<Part> {
  const { expire, isDryRun } = options;
  const maxAgeMs = typeof expire === "string" ? undefined : expire.maxAgeMs;
  const { snapshotIds, files, bytes } = await expireSnapshots(world, name, { maxAgeMs, isDryRun });
  if (snapshotIds.length === 0) return { ...NOTHING, told: "no snapshot is too old" };
  return { outcome: outcomeOf(options), files, bytes, told: `${snapshotIds.length} snapshots forgotten` };
}

async function cleared({ world }: Places, name: string, options: CareOptions): Promise<Part> {
  if (options.looksForOrphans === false) return { ...NOTHING, told: "was looked for not long ago" };
  const olderThanMs = ORPHANS_OLDER_THAN_MS;
  const { files, bytes } = await removeOrphans(world, name, { olderThanMs, isDryRun: options.isDryRun });
  if (files === 0) return { ...NOTHING, told: "nothing lies there that nothing leads to" };
  return { outcome: outcomeOf(options), files, bytes, told: `${files} files that nothing leads to` };
}
