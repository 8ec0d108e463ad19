import { fileSchemaOf } from "../commit/file-schema.ts";
import type { SnapshotChange } from "../commit/snapshot-change.ts";
import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { isDeletedBy } from "../domain/iceberg/deletes-of.ts";
import { FILE, POSITION, type LiveFile } from "../domain/iceberg/scan.ts";
import { quoteName } from "../domain/names.ts";
import { textOf } from "../domain/text.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import { liveFilesOf, scanOf } from "../table-files.ts";
import { writePositionDeletes } from "./position-deletes.ts";
import { DOES, Does } from "./row-plan.ts";
import type { TargetTable } from "./target-table.ts";
import { NOTHING_WRITTEN, together, writeData, type Durable } from "./write-data.ts";

export interface FileChange {
  readonly change: SnapshotChange;
  readonly stored: Durable;
  /** The data files of which rows go. */
  readonly touched: readonly LiveFile[] | "all";
}

interface ChangeOf {
  /** Rows of a `RowPlan`, laid aside. */
  readonly scratch: string;
  readonly hasValues: boolean;
  /** `copy-on-write`: files of which rows go are written anew without them. `merge-on-read`: deletes tell which go. */
  readonly mode: "copy-on-write" | "merge-on-read";
}

const FILES_MAX = 10_000_000;

/** Makes of rows that go and come the files that go and come. */
export async function changeRows(ports: LakehousePorts, table: TargetTable, told: ChangeOf): Promise<FileChange> {
  const { engine, store } = ports;
  const { metadata, schema } = table;
  const live = await liveFilesOf(store, metadata);
  const counted = await engine.query(
    `SELECT ${FILE}, count(*) FROM ${told.scratch} WHERE ${FILE} IS NOT NULL GROUP BY ALL`,
    {
      maxRows: FILES_MAX,
    },
  );
  const gone = new Map(counted.rows.map(([path, count]) => [textOf(path), Number(count)]));
  const placeOf = ({ file }: LiveFile) => store.locate(store.pathOf(file.file_path));
  const touched = live.filter((one) => one.file.content === 0 && gone.has(placeOf(one)));
  const whole = new Set(wholeFiles(metadata, { live, touched, gone, placeOf }));
  const partly = touched.filter((one) => !whole.has(one));
  const names = schema.fields.map(({ name }) => quoteName(name)).join(", ");
  const comes = told.hasValues
    ? [`SELECT ${names} FROM ${told.scratch} WHERE ${DOES} IN (${Does.update}, ${Does.insert})`]
    : [];
  const rewrites = told.mode === "copy-on-write";
  if (rewrites && partly.length > 0) {
    const paths = new Set(partly.map(({ file }) => file.file_path));
    const keeps = ({ file }: LiveFile) => file.content !== 0 || paths.has(file.file_path);
    const scan = await scanOf(ports, metadata, { schema, keeps, tellsPlaces: true });
    comes.push(
      `SELECT ${names} FROM (${scan}) AS kept WHERE NOT EXISTS (SELECT 1 FROM ${told.scratch} AS gone WHERE gone.${FILE} = kept.${FILE} AND gone.${POSITION} = kept.${POSITION})`,
    );
  }
  const folder = dataFolder(ports, metadata);
  const { order, spec } = table;
  const removed = rewrites ? touched : [...whole];
  const beside = () => Promise.resolve(live.filter((one) => !removed.includes(one)));
  const data =
    comes.length === 0
      ? NOTHING_WRITTEN
      : await writeData(ports, {
          select: comes.join(" UNION ALL "),
          schema,
          fileSchema: await fileSchemaOf(ports, metadata, { schema, beside }),
          spec,
          order,
          properties: metadata.properties,
          folder,
        });
  const deletes =
    rewrites || partly.length === 0
      ? NOTHING_WRITTEN
      : await writePositionDeletes(ports, {
          files: partly,
          specs: metadata["partition-specs"],
          scratch: told.scratch,
          folder,
          placeOf,
        });
  const { added, stored } = together([data, deletes]);
  return {
    change: {
      operation:
        data.added.length > 0 ? (removed.length + deletes.added.length > 0 ? "overwrite" : "append") : "delete",
      added,
      removed: new Set(removed.map(({ file }) => file.file_path)),
    },
    stored,
    touched,
  };
}

/** Files all of whose rows go are taken away whole, and nothing is written for them. */
function wholeFiles(
  metadata: IcebergMetadata,
  told: {
    readonly live: readonly LiveFile[];
    readonly touched: readonly LiveFile[];
    readonly gone: ReadonlyMap<string, number>;
    readonly placeOf: (file: LiveFile) => string;
  },
): readonly LiveFile[] {
  const { live, touched, gone, placeOf } = told;
  const plain = metadata["partition-specs"].filter(({ fields }) => fields.length === 0);
  const unpartitioned = new Set(plain.map((spec) => spec["spec-id"]));
  const deletes = live.filter(({ file }) => file.content !== 0);
  return touched.filter(
    (one) =>
      gone.get(placeOf(one)) === one.file.record_count &&
      !deletes.some((two) => isDeletedBy(one, two, { unpartitioned })),
  );
}

/** Where the table's data lies, as a path of the store. Throws when that is outside the warehouse. */
export function dataFolder(
  { store }: Pick<LakehousePorts, "store">,
  { properties, location }: IcebergMetadata,
): string {
  return store.pathOf((properties["write.data.path"] ?? `${location}/data`).replace(/\/+$/, ""));
}
