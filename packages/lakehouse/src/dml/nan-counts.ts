import { leavesOf } from "../domain/iceberg/data-file.ts";
import type { IcebergSchema } from "../domain/iceberg/schema.ts";
import { quoteName, quoteText } from "../domain/names.ts";
import type { SqlEngine, WrittenFile } from "../ports.ts";

/**
 * Written files with how many NaN each of their columns has: a writer tells no more than whether there are some, and those
 * that have some are read once more, by these columns alone.
 */
export async function withNanCounts(
  engine: Pick<SqlEngine, "query">,
  files: readonly WrittenFile[],
  fileSchema: IcebergSchema,
): Promise<readonly WrittenFile[]> {
  const counted: WrittenFile[] = [];
  for (const file of files) counted.push(await counting(engine, file, fileSchema));
  return counted;
}

async function counting(
  engine: Pick<SqlEngine, "query">,
  file: WrittenFile,
  fileSchema: IcebergSchema,
): Promise<WrittenFile> {
  const asked = leavesOf(fileSchema.fields).filter(({ names }) => file.columns[names.join(".")]?.hasNan === true);
  const counts = asked.map(({ names }) => `count(*) FILTER (WHERE isnan(${valueOf(names)}))`);
  if (counts.length === 0) return file;
  const { rows } = await engine.query(
    `SELECT ${counts.join(", ")} FROM read_parquet(${quoteText(file.path)}, hive_partitioning = false)`,
  );
  const columns = { ...file.columns };
  for (const [index, { names }] of asked.entries()) {
    const stats = columns[names.join(".")];
    if (stats !== undefined) columns[names.join(".")] = { ...stats, nans: Number(rows[0]?.[index]) };
  }
  return { ...file, columns };
}

/** A column, or what is within a struct. */
function valueOf([column = "", ...within]: readonly string[]): string {
  return within.reduce((value, name) => `struct_extract(${value}, ${quoteText(name)})`, quoteName(column));
}
