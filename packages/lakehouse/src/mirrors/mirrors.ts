import { isMillError, type Logger } from "@millwright/kernel";
import { displayOf } from "../domain/iceberg/identifiers.ts";
import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { lakehouseErrors } from "../errors.ts";
import type { CatalogEntry, TableCatalog } from "../ports.ts";
import { readMetadata } from "../table-files.ts";
import { deltaMirrors } from "./delta/delta-mirror.ts";
import { hudiMirrors } from "./hudi/hudi-mirror.ts";
import { mirrorFolder } from "./link-names.ts";
import type { MirrorFormat, MirrorPorts } from "./mirror-format.ts";
import { isSameState, mirroredTable, stateOf } from "./mirrored-table.ts";

/** In a table's properties: the formats that it is mirrored as, `delta,hudi`. */
export const MIRRORS_PROPERTY = "millwright.mirrors";

export const MIRROR_FORMATS = ["delta", "hudi"] as const;
export type MirrorFormatName = (typeof MIRROR_FORMATS)[number];

export function isMirrorFormat(name: string): name is MirrorFormatName {
  return MIRROR_FORMATS.some((format) => format === name);
}

/** How far a mirror has followed its table. */
export interface MirrorStatus {
  readonly table: string;
  readonly format: MirrorFormatName;
  /** The folder to give to a reader of the format. */
  readonly location: string;
  /** As the format counts; null before the first. */
  readonly version: string | null;
  /** The snapshot it shows; null before the first, and of a table without one. */
  readonly snapshotId: string | null;
  readonly isCurrent: boolean;
  /** How many snapshots the table has had since. */
  readonly snapshotsBehind: number;
  /** Since when the table is ahead; null where it isn't. */
  readonly behindSinceMs: number | null;
  /** What the table has that the format cannot hold; null where it can. */
  readonly refused: string | null;
}

export interface Mirrors {
  /** Makes a table's mirrors what it is. What fails or is refused is told in the log: the table's commit stands. */
  follow(key: string): Promise<void>;
  /** Does so for every table, and takes away the mirrors of tables that are gone. */
  followAll(): Promise<void>;
  /** Of one table, or of all. */
  status(key?: string): Promise<readonly MirrorStatus[]>;
  /** Throws `lakehouse/mirror-refused` when a format cannot hold the table as it now is. */
  requireHeld(key: string, format: MirrorFormatName): Promise<void>;
}

export function formatsOf({ properties }: Pick<CatalogEntry, "properties">): readonly MirrorFormatName[] {
  const named = (properties[MIRRORS_PROPERTY] ?? "").split(",").map((one) => one.trim());
  return MIRROR_FORMATS.filter((format) => named.includes(format));
}

interface Ports extends MirrorPorts {
  readonly catalog: Pick<TableCatalog, "get" | "list">;
  readonly logger: Logger;
}

type Formats = Readonly<Record<MirrorFormatName, MirrorFormat>>;

/** The mirrors of the tables of main, in other formats, over the tables' own data files. */
export function createMirrors(ports: Ports): Mirrors {
  const formats: Formats = { delta: deltaMirrors(ports), hudi: hudiMirrors(ports) };
  // One at a time: two that follow one table at once would stand in each other's way.
  let following: Promise<void> = Promise.resolve();
  const follow = (key: string): Promise<void> => {
    following = following.then(() => followOne(ports, { formats, key }));
    return following;
  };
  return {
    follow,
    followAll: async () => {
      const entries = await ports.catalog.list();
      for (const { name } of entries) await follow(name);
      await removeStrangers(ports, entries);
    },
    status: async (key) => {
      const entries = key === undefined ? await ports.catalog.list() : [await ports.catalog.get(key)];
      const found: MirrorStatus[] = [];
      for (const entry of entries)
        if (entry !== undefined)
          for (const format of formatsOf(entry)) found.push(...(await statusOf(ports, { formats, format, entry })));
      return found;
    },
    requireHeld: async (key, format) => {
      const metadata = await metadataOf(ports, await ports.catalog.get(key));
      if (metadata === undefined)
        throw lakehouseErrors.create("lakehouse/unknown-table", { because: `${displayOf(key)} is not a table` });
      const refused = await refusalOf(ports, { formats, format, key, metadata });
      if (refused !== undefined) throw refusedError(key, format, refused);
    },
  };
}

function refusedError(key: string, format: MirrorFormatName, reason: string): Error {
  return lakehouseErrors.create("lakehouse/mirror-refused", { because: `${displayOf(key)} as ${format}: ${reason}` });
}

async function metadataOf({ store }: Ports, entry: CatalogEntry | undefined): Promise<IcebergMetadata | undefined> {
  return entry?.kind !== "table" || entry.metadataLocation === null
    ? undefined
    : readMetadata(store, entry.metadataLocation);
}

async function followOne(ports: Ports, { formats, key }: { readonly formats: Formats; readonly key: string }) {
  try {
    const entry = await ports.catalog.get(key);
    const wanted = entry === undefined ? [] : formatsOf(entry);
    for (const format of MIRROR_FORMATS)
      if (!wanted.includes(format)) await ports.store.removeFolder(mirrorFolder(format, key));
    if (wanted.length === 0) return;
    const metadata = await metadataOf(ports, entry);
    if (metadata === undefined) return;
    for (const format of wanted) await bring(ports, { formats, format, key, metadata });
  } catch (error) {
    ports.logger.error({ err: error, table: displayOf(key) }, "a table's mirrors could not follow it");
  }
}

interface Mirroring {
  readonly formats: Formats;
  readonly format: MirrorFormatName;
  readonly key: string;
  readonly metadata: IcebergMetadata;
}

/** Brings one mirror to where its table is, exactly once for each state of it. */
async function bring(ports: Ports, { formats, format, key, metadata }: Mirroring): Promise<void> {
  const folder = mirrorFolder(format, key);
  try {
    const mirrored = await formats[format].mirrored(folder);
    if (isSameState(mirrored?.state, stateOf(metadata))) return;
    const table = await mirroredTable(ports.store, { key, metadata });
    const refused = typeof table === "string" ? table : await formats[format].write(folder, table);
    if (refused !== undefined)
      ports.logger.warn({ table: displayOf(key), format, because: refused }, "a mirror stays behind its table");
  } catch (error) {
    ports.logger.error({ err: error, table: displayOf(key), format }, "a mirror could not follow its table");
  }
}

async function refusalOf(ports: Ports, { formats, format, key, metadata }: Mirroring): Promise<string | undefined> {
  const table = await mirroredTable(ports.store, { key, metadata });
  return typeof table === "string" ? table : formats[format].refusal(mirrorFolder(format, key), table);
}

async function statusOf(
  ports: Ports,
  {
    formats,
    format,
    entry,
  }: { readonly formats: Formats; readonly format: MirrorFormatName; readonly entry: CatalogEntry },
): Promise<readonly MirrorStatus[]> {
  const metadata = await metadataOf(ports, entry);
  if (metadata === undefined) return [];
  const key = entry.name;
  const folder = mirrorFolder(format, key);
  const mirrored = await formats[format].mirrored(folder);
  const isCurrent = isSameState(mirrored?.state, stateOf(metadata));
  const { state } = mirrored ?? {};
  const index = metadata.snapshots.findIndex((one) => String(one["snapshot-id"]) === state?.snapshotId);
  const since = isCurrent ? [] : metadata.snapshots.slice(index + 1);
  return [
    {
      table: displayOf(key),
      format,
      location: ports.store.locate(folder),
      version: mirrored?.version ?? null,
      snapshotId: state?.snapshotId ?? null,
      isCurrent,
      snapshotsBehind: since.length,
      behindSinceMs: isCurrent ? null : (since[0]?.["timestamp-ms"] ?? metadata["last-updated-ms"]),
      refused: isCurrent ? null : await toldRefusal(ports, { formats, format, key, metadata }),
    },
  ];
}

async function toldRefusal(ports: Ports, mirroring: Mirroring): Promise<string | null> {
  try {
    return (await refusalOf(ports, mirroring)) ?? null;
  } catch (error) {
    return isMillError(error) ? error.because : "the mirror cannot be read";
  }
}

/** Mirrors of what the catalog does not know, or no longer mirrors. */
async function removeStrangers({ store }: Ports, entries: readonly CatalogEntry[]): Promise<void> {
  for (const format of MIRROR_FORMATS) {
    const known = new Set(
      entries.filter((entry) => formatsOf(entry).includes(format)).map(({ name }) => mirrorFolder(format, name)),
    );
    for (const name of await store.namesIn(`mirrors/${format}`))
      if (!known.has(`mirrors/${format}/${name}`)) await store.removeFolder(`mirrors/${format}/${name}`);
  }
}
