import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import type { LiveFile } from "../domain/iceberg/scan.ts";
import type { IcebergField, IcebergSchema } from "../domain/iceberg/schema.ts";
import { quoteName } from "../domain/names.ts";
import { parquetColumns } from "../parquet-columns.ts";
import type { ObjectStore, SqlEngine } from "../ports.ts";
import { pathIn } from "../table-files.ts";

interface Reader {
  readonly store: ObjectStore;
  readonly engine: Pick<SqlEngine, "query">;
}

/**
 * The schema with the names that new files are to call its columns by: those of the files that they come to lie beside. A
 * column that was renamed so has one name in all files, by which readers that know no field ids find it. Columns within
 * columns are called as the schema calls them. Files are read only where the table's schemas tell of another name.
 */
export async function fileSchemaOf(
  reader: Reader,
  metadata: Pick<IcebergMetadata, "schemas">,
  { schema, beside }: { readonly schema: IcebergSchema; readonly beside: () => Promise<readonly LiveFile[]> },
): Promise<IcebergSchema> {
  const moved = schema.fields.filter((field) => hasMoved(field, metadata.schemas));
  if (moved.length === 0) return schema;
  const data = (await beside()).filter(({ file }) => file.content === 0);
  const found = await namesIn(reader, witnesses(moved, data));
  const taken = new Set(found.values().map((name) => name.toLowerCase()));
  return {
    ...schema,
    fields: schema.fields.map((field) => {
      const known = found.get(field.id);
      const name = known ?? (taken.has(field.name.toLowerCase()) ? freeName(field, taken) : field.name);
      taken.add(name.toLowerCase());
      return { ...field, name };
    }),
  };
}

/** Whether the column ever had another name, or its name was ever another column's. */
function hasMoved({ id, name }: IcebergField, schemas: readonly IcebergSchema[]): boolean {
  return schemas.some(({ fields }) => fields.some((one) => (one.id === id) !== (one.name === name)));
}

/** For each column the oldest file that tells of it: the files of a table agree, or there is nothing to keep. */
function witnesses(fields: readonly IcebergField[], data: readonly LiveFile[]): readonly LiveFile[] {
  const byAge = data.toSorted((one, other) => one.sequenceNumber - other.sequenceNumber);
  const holding = fields.map(({ id }) => byAge.find(({ file }) => file.column_sizes?.some(({ key }) => key === id)));
  return [...new Set([...holding, byAge[0]])].filter((one) => one !== undefined);
}

/** By field id. The oldest file's name counts. */
async function namesIn({ store, engine }: Reader, files: readonly LiveFile[]): Promise<ReadonlyMap<number, string>> {
  const paths = files
    .toSorted((one, other) => one.sequenceNumber - other.sequenceNumber)
    .filter(({ file }) => file.file_format.toUpperCase() === "PARQUET")
    .flatMap(({ file }) => pathIn(store, file.file_path) ?? [])
    .map((path) => store.locate(path));
  const names = new Map<number, string>();
  if (paths.length === 0) return names;
  const columns = await parquetColumns(engine, paths);
  for (const { id, name } of paths.flatMap((path) => columns.get(path) ?? []))
    if (id !== undefined && !names.has(id)) names.set(id, name);
  return names;
}

function freeName({ id, name }: IcebergField, taken: ReadonlySet<string>): string {
  let free = `${name}_${id}`;
  while (taken.has(free.toLowerCase())) free += "_";
  return free;
}

/** The SELECT of a schema's columns under the names that files have for them. */
export function asInFiles(select: string, schema: IcebergSchema, fileSchema: IcebergSchema): string {
  const named = schema.fields.map(({ name }, index) => [name, fileSchema.fields[index]?.name ?? name] as const);
  if (named.every(([name, inFile]) => name === inFile)) return select;
  const columns = named.map(([name, inFile]) => `${quoteName(name)} AS ${quoteName(inFile)}`);
  return `SELECT ${columns.join(", ")} FROM (${select}\n)`;
}
