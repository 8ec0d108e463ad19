import type { SchemaChange } from "../domain/iceberg/metadata.ts";
import { currentSchema } from "../domain/iceberg/metadata.ts";
import { typeText, type IcebergSchema } from "../domain/iceberg/schema.ts";
import type { WrittenData } from "../dml/write-data.ts";
import type { LakehousePorts } from "../lakehouse.ts";
import { folderOf, type TableBase } from "./table-base.ts";
import { layoutOf } from "./write-layout.ts";
import type { WriteRequest } from "./write-request.ts";
import { writeRows } from "./write-rows.ts";

/** Rows that are being written while it is still asked whether they are the table's. */
export interface WriteAhead {
  /** What was written, where the schema that the rows turned out to be of has the same columns; undefined when it has not. */
  as(change: SchemaChange): Promise<WrittenData | undefined>;
  /** Ends it, and deletes what was written: nothing leads to it. */
  abandon(): Promise<void>;
}

/**
 * Begins to write what is appended to a table as if it had the table's columns, as it must: to ask for them first takes a
 * fifth of a small commit. Undefined where it is not known what the rows will lie beside.
 */
export async function writeAhead(
  ports: LakehousePorts,
  told: {
    readonly request: WriteRequest;
    readonly base: TableBase;
    readonly properties: Readonly<Record<string, string>>;
  },
): Promise<WriteAhead | undefined> {
  const { request, base } = told;
  const schema = base.metadata === undefined ? undefined : currentSchema(base.metadata);
  if (base.metadata === undefined || schema === undefined || request.mode !== "append") return undefined;
  const change = { schema, schemas: base.metadata.schemas, lastColumnId: base.metadata["last-column-id"] };
  const place = await folderOf(ports, request, base);
  const ending = new AbortController();
  const engine = ports.engine.within({ signal: ending.signal });
  const written = Promise.try(() => {
    const layout = layoutOf(base.metadata, { schema, request });
    return writeRows({ ...ports, engine }, { ...told, place, change, layout });
  });
  // Whoever asks for it is told; until then it is not looked at.
  written.catch(() => undefined);
  const abandon = async () => {
    ending.abort();
    const { added } = await written.catch(() => ({ added: [] }));
    for (const { file } of added) await ports.store.remove(ports.store.pathOf(file.file_path));
  };
  return {
    as: async (found) => {
      if (areSameColumns(found.schema, schema)) return written;
      await abandon();
      return undefined;
    },
    abandon,
  };
}

function areSameColumns(one: IcebergSchema, other: IcebergSchema): boolean {
  const columns = ({ fields }: IcebergSchema) => fields.map(({ id, name, type }) => [id, name, typeText(type)]);
  return JSON.stringify(columns(one)) === JSON.stringify(columns(other));
}
