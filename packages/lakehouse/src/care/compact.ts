import { isMillError } from "@millwright/kernel";
import { dataFileOf, FileContent } from "../domain/iceberg/data-file.ts";
import { currentSchema, type IcebergMetadata } from "../domain/iceberg/metadata.ts";
import type { LiveFile } from "../domain/iceberg/scan.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import { quoteName } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { SqlEngine } from "../ports.ts";
import { checkCondition } from "../dml/check-fragments.ts";
import { withNanCounts } from "../dml/nan-counts.ts";
import { fieldIdsOf, makeDurable, oneByOne, type WrittenData } from "../dml/write-data.ts";
import { asInFiles, fileSchemaOf } from "../commit/file-schema.ts";
import type { CatalogWorld } from "../rest/world.ts";
import { fileFault } from "../file-faults.ts";
import { liveFilesOf, scanOfFiles } from "../table-files.ts";
import { deletesWithoutFiles, planCompaction, type CompactionGroup } from "./compaction-plan.ts";
import { commitPlan, type PlanBase } from "./commit-plan.ts";
import { identifierNamed, tableNow } from "./table-named.ts";

export interface CompactionOptions {
  /** Of columns, perhaps with `desc`: rows of each new file are sorted so. Default: the table's own sort order, if it has one. */
  readonly sort?: readonly string[] | undefined;
  /** SQL: only files with a row for which it holds. */
  readonly where?: string | undefined;
  /** Default: the table's `write.target-file-size-bytes`, else 512 MB. */
  readonly targetBytes?: number | undefined;
  /** Default 5. */
  readonly minInputFiles?: number | undefined;
  /** Every file, whatever its size. */
  readonly all?: boolean | undefined;
  readonly isDryRun: boolean;
}

/** What was, or would be, made of a table's data files. */
export interface Compacted {
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly bytesBefore: number;
  /** Null in a dry run: nothing was written. */
  readonly bytesAfter: number | null;
  /** Delete files that are of no data file any more. */
  readonly deleteFiles: number;
  /** Null when nothing was changed. */
  readonly snapshotId: string | null;
  readonly isDryRun: boolean;
}

interface Places {
  readonly world: CatalogWorld;
  readonly engine: SqlEngine;
}

const TARGET_BYTES = 536_870_912;
const ROUNDS = 3;

/**
 * Writes small files, too large ones and those with many deleted rows anew, their deletes applied. Appends meanwhile are
 * kept; where another writer changes the very files, the work begins again. Throws `lakehouse/commit-conflict` after three
 * times.
 */
export async function compactTable(places: Places, name: string, options: CompactionOptions): Promise<Compacted> {
  for (let round = 1; ; round += 1) {
    try {
      return await compactOnce(places, name, options);
    } catch (thrown) {
      const error = await explainedFault(places, name, thrown);
      if (round === ROUNDS || !isMillError(error) || error.code !== "lakehouse/commit-conflict") throw error;
    }
  }
}

/** Where a file of the table is at fault, that is what it fails with. */
async function explainedFault({ world, engine }: Places, name: string, error: unknown): Promise<unknown> {
  const table = await tableNow(world, identifierNamed(name)).catch(() => undefined);
  return table === undefined ? error : fileFault({ store: world.store, engine }, table.metadata, error);
}

async function compactOnce({ world, engine }: Places, name: string, options: CompactionOptions): Promise<Compacted> {
  const identifier = identifierNamed(name);
  const { metadata } = await tableNow(world, identifier);
  const schema = currentSchema(metadata);
  if (schema === undefined) throw new Error("the table has no current schema");
  const live = await liveFilesOf(world.store, metadata);
  const data = live.filter(({ file }) => file.content === FileContent.data);
  const { where } = options;
  if (where !== undefined) await checkCondition(engine, where);
  const candidates =
    where === undefined ? data : await holding({ world, engine }, { metadata, schema, live, data, where });
  const plain = metadata["partition-specs"].filter(({ fields }) => fields.length === 0);
  const unpartitioned = new Set(plain.map((spec) => spec["spec-id"]));
  const asked = Number(metadata.properties["write.target-file-size-bytes"] ?? TARGET_BYTES);
  const limits = {
    targetBytes: options.targetBytes ?? (asked > 0 ? asked : TARGET_BYTES),
    minInputFiles: options.minInputFiles ?? 5,
    all: options.all ?? false,
  };
  const groups = planCompaction({ live, candidates, unpartitioned, limits });
  const loose = groups.length === 0 ? [] : deletesWithoutFiles(live, groups, unpartitioned);
  const files = groups.flatMap((group) => group.files);
  const told = {
    filesBefore: files.length,
    filesAfter: groups.length,
    bytesBefore: files.reduce((sum, { file }) => sum + file.file_size_in_bytes, 0),
    deleteFiles: loose.length,
  };
  if (options.isDryRun || groups.length === 0)
    return { ...told, bytesAfter: groups.length === 0 ? 0 : null, snapshotId: null, isDryRun: options.isDryRun };
  const sort = sortOf(metadata, schema, options.sort);
  const written = await writeGroups({ world, engine }, groups, {
    metadata,
    schema,
    fileSchema: await fileSchemaOf({ store: world.store, engine }, metadata, {
      schema,
      beside: () => Promise.resolve(data.filter((one) => !files.includes(one))),
    }),
    sort,
    targetBytes: limits.targetBytes,
  });
  try {
    const removed = new Set([...files, ...loose].map(({ file }) => file.file_path));
    const known = new Set(
      live.filter(({ file }) => file.content !== FileContent.data).map(({ file }) => file.file_path),
    );
    const applied = groups.flatMap((group) => group.deletes.map(({ file }) => file.file_path));
    const snapshot = await commitPlan(world, identifier, async (base) => {
      await refuseOtherDeletes(world, base, { known, applied, name });
      const change = { operation: "replace" as const, added: written.added, removed };
      return { change, files: written.stored };
    });
    const stored = await written.stored();
    return {
      ...told,
      filesAfter: stored.length,
      bytesAfter: stored.reduce((sum, { bytes }) => sum + bytes, 0),
      snapshotId: String(snapshot?.["snapshot-id"]),
      isDryRun: false,
    };
  } catch (error) {
    // Known not to be committed; of what is not known nothing is deleted.
    if (isMillError(error) && error.code === "lakehouse/commit-conflict")
      for (const { path } of await written.stored()) await world.store.remove(path);
    throw error;
  }
}

/** A delete that came meanwhile, or was taken back, may be of rows that have been written anew without it, or by it. */
async function refuseOtherDeletes(
  { store }: CatalogWorld,
  { metadata, parent }: PlanBase,
  told: { readonly known: ReadonlySet<string>; readonly applied: readonly string[]; readonly name: string },
): Promise<void> {
  const now = await liveFilesOf(store, metadata, parent);
  const isNew = now.some(({ file }) => file.content === FileContent.positionDeletes && !told.known.has(file.file_path));
  const present = new Set(now.map(({ file }) => file.file_path));
  if (!isNew && told.applied.every((path) => present.has(path))) return;
  throw lakehouseErrors.create("lakehouse/commit-conflict", {
    because: `which rows of ${told.name} are deleted changed while its files were written anew`,
  });
}

interface Source {
  readonly metadata: IcebergMetadata;
  readonly schema: IcebergSchema;
}

const ASKED_AT_ONCE = 200;

/** The data files that hold a row for which the condition is true. */
async function holding(
  { world, engine }: Places,
  {
    metadata,
    schema,
    live,
    data,
    where,
  }: Source & { live: readonly LiveFile[]; data: readonly LiveFile[]; where: string },
): Promise<readonly LiveFile[]> {
  const deletes = live.filter(({ file }) => file.content !== FileContent.data);
  const found: LiveFile[] = [];
  for (let start = 0; start < data.length; start += ASKED_AT_ONCE) {
    const some = data.slice(start, start + ASKED_AT_ONCE);
    const parts = await Promise.all(
      some.map(async (one, index) => {
        const scan = await scanOfFiles({ store: world.store, engine }, { metadata, schema, files: [one, ...deletes] });
        return `SELECT ${index} AS file_at WHERE EXISTS (SELECT 1 FROM (${scan}) WHERE (${where}\n))`;
      }),
    );
    const { rows } = await engine.query(parts.join(" UNION ALL "), { maxRows: ASKED_AT_ONCE });
    found.push(...rows.flatMap(([index]) => some[Number(index)] ?? []));
  }
  return found;
}

/** For ORDER BY. Throws `lakehouse/sql-error` for what is no column. */
function sortOf(metadata: IcebergMetadata, schema: IcebergSchema, asked: readonly string[] | undefined): string {
  if (asked !== undefined) return asked.map((term) => sortTerm(schema, term)).join(", ");
  const order = metadata["sort-orders"].find((one) => one["order-id"] === metadata["default-sort-order-id"]);
  const terms = (order?.fields ?? []).map((field) => {
    const column = schema.fields.find(({ id }) => id === field["source-id"]);
    if (column === undefined || field.transform !== "identity") return undefined;
    return `${quoteName(column.name)} ${field.direction} ${field["null-order"].replace("-", " ")}`;
  });
  return terms.some((term) => term === undefined) ? "" : terms.join(", ");
}

function sortTerm(schema: IcebergSchema, term: string): string {
  const [, name = "", direction = "asc"] = /^\s*(.*?)(?:\s+(asc|desc))?\s*$/i.exec(term) ?? [];
  if (schema.fields.some((field) => field.name === name)) return `${quoteName(name)} ${direction}`;
  throw lakehouseErrors.create("lakehouse/sql-error", { because: `the table has no column ${name} to sort by` });
}

type Writing = Source & {
  readonly fileSchema: IcebergSchema;
  readonly sort: string;
  readonly folder: string;
  readonly targetBytes: number;
};

async function writeGroups(
  places: Places,
  groups: readonly CompactionGroup[],
  told: Omit<Writing, "folder">,
): Promise<WrittenData> {
  const folder = places.world.store.pathOf(dataFolderOf(told.metadata));
  await places.world.store.prepareFolder(folder);
  return oneByOne(groups, (group) => writeGroup(places, group, { ...told, folder }));
}

function dataFolderOf({ location, properties }: IcebergMetadata): string {
  return properties["write.data.path"]?.replace(/\/+$/, "") ?? `${location}/data`;
}

async function writeGroup(
  { world: { store, ids }, engine }: Places,
  group: CompactionGroup,
  { metadata, schema, fileSchema, sort, folder, targetBytes }: Writing,
): Promise<WrittenData> {
  const scan = await scanOfFiles({ store, engine }, { metadata, schema, files: [...group.files, ...group.deletes] });
  const rowsOf = sort === "" ? scan : `SELECT * FROM (${scan}) ORDER BY ${sort}`;
  const written = await engine.writeFiles({
    select: asInFiles(rowsOf, schema, fileSchema),
    folder: store.locate(folder),
    name: ids(),
    fileBytes: targetBytes,
    fieldIds: fieldIdsOf(fileSchema),
  });
  const files = await withNanCounts(engine, written, fileSchema);
  const stored = makeDurable({ store }, files);
  const rows = group.files.reduce((sum, one) => sum + one.file.record_count, 0);
  const kept = files.reduce((sum, one) => sum + one.rows, 0);
  if (group.deletes.length === 0 ? kept !== rows : kept > rows)
    throw lakehouseErrors.create("lakehouse/damaged-file", {
      because: `files that told of ${rows} rows were read as ${kept}`,
    });
  const [first] = group.files;
  const added = files.map((file) => ({
    file: {
      ...dataFileOf(file, schema, { properties: metadata.properties, fileSchema }),
      partition: first?.file.partition ?? {},
    },
    specId: first?.specId ?? 0,
    // As old as what it was written from: deletes by value that come later are still of it.
    sequenceNumber: metadata["last-sequence-number"],
  }));
  return { added, stored };
}
