import { FileContent, type DataFile } from "../domain/iceberg/data-file.ts";
import type { PartitionSpec } from "../domain/iceberg/metadata.ts";
import { partitionKey } from "../domain/iceberg/deletes-of.ts";
import { FILE, POSITION, type LiveFile } from "../domain/iceberg/scan.ts";
import { quoteText } from "../domain/names.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import type { WrittenFile } from "../ports.ts";
import { makeDurable, oneByOne, type WrittenData } from "./write-data.ts";

// Iceberg specification, "Position Delete Files" and "Reserved Field IDs".
const PATH_ID = 2147483546;
const POSITION_ID = 2147483545;
const FILE_BYTES = 64 * 2 ** 20;

interface DeletesOf {
  /** The data files of which rows go. */
  readonly files: readonly LiveFile[];
  readonly specs: readonly PartitionSpec[];
  /** The rows that go, by FILE and POSITION. */
  readonly scratch: string;
  readonly folder: string;
  /** The file as the engine opens it. */
  readonly placeOf: (file: LiveFile) => string;
}

/** Writes which rows go, for each partition into a file of its own, sorted by file and position. */
export async function writePositionDeletes(ports: LakehousePorts, told: DeletesOf): Promise<WrittenData> {
  const { store, engine, ids } = ports;
  const groups = Map.groupBy(told.files, (one) => `${one.specId} ${partitionKey(one.file.partition)}`);
  await store.prepareFolder(told.folder);
  return oneByOne(groups.values(), async (files) => {
    const names = files.map((one) => `(${quoteText(told.placeOf(one))}, ${quoteText(one.file.file_path)})`);
    const written = await engine.writeFiles({
      select: `SELECT told.path AS file_path, gone.${POSITION} AS pos FROM ${told.scratch} AS gone JOIN (VALUES ${names.join(", ")}) AS told(place, path) ON gone.${FILE} = told.place ORDER BY file_path, pos`,
      folder: store.locate(told.folder),
      name: `${ids()}-deletes`,
      fileBytes: FILE_BYTES,
      fieldIds: { file_path: PATH_ID, pos: POSITION_ID },
    });
    const { specId = 0, file } = files[0] ?? {};
    const of = { partition: file?.partition ?? {}, files };
    return {
      added: written.map((one) => ({ file: deleteFile(one, of), specId })),
      stored: makeDurable({ store }, written),
    };
  });
}

function deleteFile(
  { path, rows, bytes, columns }: WrittenFile,
  { partition, files }: { readonly partition: object; readonly files: readonly LiveFile[] },
): DataFile {
  const paths = files.map(({ file }) => file.file_path).toSorted();
  const bound = (of: string | undefined) => (of === undefined ? [] : [{ key: PATH_ID, value: Buffer.from(of) }]);
  const counts = (count: number) => [
    { key: PATH_ID, value: count },
    { key: POSITION_ID, value: count },
  ];
  return {
    content: FileContent.positionDeletes,
    file_path: path,
    file_format: "PARQUET",
    partition,
    record_count: rows,
    file_size_in_bytes: bytes,
    column_sizes: [
      { key: PATH_ID, value: columns["file_path"]?.bytes ?? 0 },
      { key: POSITION_ID, value: columns["pos"]?.bytes ?? 0 },
    ],
    value_counts: counts(rows),
    null_value_counts: counts(0),
    lower_bounds: bound(paths[0]),
    upper_bounds: bound(paths.at(-1)),
    sort_order_id: null,
    ...(files.length === 1 ? { referenced_data_file: paths[0] ?? null } : {}),
  };
}
