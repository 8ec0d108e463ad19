import type { LiveFile, Scan } from "./scan.ts";

const DATA = 0;
const EQUALITY = 2;
/** The field of position deletes that names the data file (specification, "Position Delete Files"). */
const FILE_PATH_ID = 2_147_483_546;

/** The deletes that a data file's rows are held against. */
export interface OwnDeletes {
  readonly positions: readonly LiveFile[];
  readonly equalities: readonly LiveFile[];
}

/** Which deletes each data file has: found by partition and by the file that they name, not by trying all with all. */
export function deletesOf({
  files,
  unpartitioned,
}: Pick<Scan, "files" | "unpartitioned">): (data: LiveFile) => OwnDeletes {
  const deletes = files.filter(({ file }) => file.content !== DATA);
  const byFile = Map.groupBy(deletes, ({ file }) => namedFile(file));
  const byPartition = Map.groupBy(byFile.get(undefined) ?? [], partitionOf);
  const everywhere = deletes.filter(({ file, specId }) => file.content === EQUALITY && unpartitioned.has(specId));
  return (data) => {
    if (deletes.length === 0) return { positions: [], equalities: [] };
    const ofFile = byFile.get(placeOf(data.file.file_path)) ?? [];
    const own = new Set([...ofFile, ...(byPartition.get(partitionOf(data)) ?? []), ...everywhere]);
    const all = [...own].filter((one) => isDeletedBy(data, one, { unpartitioned }));
    return {
      positions: all.filter(({ file }) => file.content !== EQUALITY),
      equalities: all.filter(({ file }) => file.content === EQUALITY),
    };
  };
}

/** The specification, "Scan Planning": by sequence number and partition, and by the file that positions are told of. */
export function isDeletedBy(
  data: LiveFile,
  deletes: LiveFile,
  { unpartitioned }: Pick<Scan, "unpartitioned">,
): boolean {
  const { file } = deletes;
  const isSamePartition =
    deletes.specId === data.specId && partitionKey(file.partition) === partitionKey(data.file.partition);
  if (file.content === EQUALITY)
    return data.sequenceNumber < deletes.sequenceNumber && (isSamePartition || unpartitioned.has(deletes.specId));
  return data.sequenceNumber <= deletes.sequenceNumber && isSamePartition;
}

/** Equal for equal partitions of one spec. */
export function partitionKey(partition: object): string {
  const values = Object.entries(partition).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === "bigint" ? String(value) : value,
  ]);
  return JSON.stringify(values);
}

/** The one data file that position deletes are of, where their metadata says so. */
function namedFile(file: LiveFile["file"]): string | undefined {
  if (file.content === EQUALITY) return undefined;
  const { referenced_data_file: named, lower_bounds: lower, upper_bounds: upper } = file;
  if (named !== undefined && named !== null) return placeOf(named);
  const least = lower?.find(({ key }) => key === FILE_PATH_ID)?.value;
  const most = upper?.find(({ key }) => key === FILE_PATH_ID)?.value;
  return least !== undefined && most !== undefined && least.equals(most) ? placeOf(least.toString()) : undefined;
}

/** A location as the engine opens it. */
function placeOf(location: string): string {
  return location.replace(/^file:(?:\/\/(?:localhost)?)?/, "");
}

function partitionOf({ specId, file }: LiveFile): string {
  return `${specId} ${partitionKey(file.partition)}`;
}
