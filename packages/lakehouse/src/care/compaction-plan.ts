import { FileContent } from "../domain/iceberg/data-file.ts";
import { deletesOf } from "../domain/iceberg/deletes-of.ts";
import type { LiveFile } from "../domain/iceberg/scan.ts";
import { canonical } from "../domain/iceberg/schema.ts";

/** Which data files are worth writing anew: Iceberg's `rewrite_data_files`, with its names and defaults. */
interface CompactionLimits {
  /** How large a file is to be. */
  readonly targetBytes: number;
  /** So many files of a partition are written anew together, or none. Default 5. */
  readonly minInputFiles: number;
  /** Whatever their size. */
  readonly all: boolean;
}

const SMALL = 0.75;
const LARGE = 1.8;
/** Of a file's rows: with more of them deleted it is written anew, whatever its size. */
const DELETED = 0.3;

/** Files of one partition that become one file. */
export interface CompactionGroup {
  readonly files: readonly LiveFile[];
  /** The deletes that are of some of them. */
  readonly deletes: readonly LiveFile[];
}

interface Planned {
  readonly live: readonly LiveFile[];
  /** The data files to look at; the others stay. */
  readonly candidates: readonly LiveFile[];
  readonly unpartitioned: ReadonlySet<number>;
  readonly limits: CompactionLimits;
}

export function planCompaction({ live, candidates, unpartitioned, limits }: Planned): readonly CompactionGroup[] {
  const deletesFor = deletesWithin(live, unpartitioned);
  const judged = candidates.map((data) => {
    const own = deletesFor(data);
    return { data, deletes: own, isDue: isDue(data, own, limits) };
  });
  const partitions = Map.groupBy(
    judged.filter(({ isDue: due }) => due),
    ({ data }) => `${data.specId} ${canonical(data.file.partition)}`,
  );
  return [...partitions.values()].flatMap((files) => {
    const bytes = files.reduce((sum, { data }) => sum + data.file.file_size_in_bytes, 0);
    const isWorth =
      limits.all ||
      files.length >= Math.max(2, limits.minInputFiles) ||
      (files.length > 1 && bytes > limits.targetBytes) ||
      files.some(({ data, deletes: own }) => isMostlyDeleted(data, own));
    return isWorth ? packed(files, limits.targetBytes) : [];
  });
}

function isDue(data: LiveFile, deletes: readonly LiveFile[], { all, targetBytes }: CompactionLimits): boolean {
  const bytes = data.file.file_size_in_bytes;
  return all || bytes < targetBytes * SMALL || bytes > targetBytes * LARGE || isMostlyDeleted(data, deletes);
}

/** By positions: what deletes by value take away is not known without reading. */
function isMostlyDeleted(data: LiveFile, deletes: readonly LiveFile[]): boolean {
  const positions = deletes.filter((one) => one.file.content === FileContent.positionDeletes && isOfOne(one, data));
  return positions.reduce((sum, { file }) => sum + file.record_count, 0) >= data.file.record_count * DELETED;
}

/** Whether a file of positions says, or shows by its bounds, that it is of this data file alone. */
function isOfOne({ file }: LiveFile, data: LiveFile): boolean {
  const path = data.file.file_path;
  return file.referenced_data_file === path || pathBounds(file).every((bound) => bound === path);
}

/** The deletes of a data file, less those whose bounds show that they name others. */
function deletesWithin(live: readonly LiveFile[], unpartitioned: ReadonlySet<number>) {
  const of = deletesOf({ files: live, unpartitioned });
  return (data: LiveFile): readonly LiveFile[] => {
    const { positions, equalities } = of(data);
    return [...positions.filter((one) => mayName(one, data)), ...equalities];
  };
}

function mayName(one: LiveFile, data: LiveFile): boolean {
  const [lower, upper] = pathBounds(one.file);
  const path = data.file.file_path;
  // Bounds may be cut: the upper one is then longer than what it bounds, by its last letter.
  return (lower === undefined || lower <= path) && (upper === undefined || path <= upper);
}

/** The reserved field of a position delete's file path. */
const FILE_PATH_ID = 2_147_483_546;

function pathBounds({ lower_bounds: lower, upper_bounds: upper }: LiveFile["file"]) {
  return [lower, upper].map((bounds) => bounds?.find(({ key }) => key === FILE_PATH_ID)?.value.toString());
}

interface Judged {
  readonly data: LiveFile;
  readonly deletes: readonly LiveFile[];
}

/** Files together as long as they fit into one of the size that is wanted. */
function packed(files: readonly Judged[], targetBytes: number): readonly CompactionGroup[] {
  const bins: Judged[][] = [];
  let bytes = Infinity;
  for (const one of files.toSorted((a, b) => a.data.file.file_size_in_bytes - b.data.file.file_size_in_bytes)) {
    const size = one.data.file.file_size_in_bytes;
    if (bytes + size > targetBytes) {
      bins.push([]);
      bytes = 0;
    }
    bins.at(-1)?.push(one);
    bytes += size;
  }
  return bins.map((bin) => ({
    files: bin.map(({ data }) => data),
    deletes: [...new Set(bin.flatMap(({ deletes }) => deletes))],
  }));
}

/** Deletes that are of no file any more, once the groups are written anew. */
export function deletesWithoutFiles(
  live: readonly LiveFile[],
  groups: readonly CompactionGroup[],
  unpartitioned: ReadonlySet<number>,
): readonly LiveFile[] {
  const gone = new Set(groups.flatMap(({ files }) => files));
  const staying = live.filter((one) => one.file.content === FileContent.data && !gone.has(one));
  const needed = new Set(staying.flatMap(deletesWithin(live, unpartitioned)));
  return live.filter((one) => one.file.content !== FileContent.data && !needed.has(one));
}
