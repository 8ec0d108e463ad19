import { mkdir, rm } from "node:fs/promises";
import type { DuckDBConnection, Json } from "@duckdb/node-api";
import { quoteName, quoteText } from "../domain/names.ts";
import { textOf } from "../domain/text.ts";
import { duckdbType } from "../domain/types.ts";
import type { FieldId, FieldIds, WrittenColumn, WrittenFile } from "../ports.ts";
import { runSql } from "./engine-parameters.ts";
import type { EngineOperations } from "./engine-protocol.ts";

/** Writes a SELECT's rows into one file, cast to the types that tables hold. */
export async function writeParquet(
  connection: DuckDBConnection,
  { select, columns, path, parameters }: EngineOperations["writeParquet"]["input"],
): Promise<WrittenFile> {
  const casts = columns.map(
    (column) => `CAST(${quoteName(column.name)} AS ${duckdbType(column)}) AS ${quoteName(column.name)}`,
  );
  const ids = Object.fromEntries(columns.map(({ name, id }) => [name, id]));
  const result = await runSql(
    connection,
    `COPY (SELECT ${casts.join(", ")} FROM (${select}\n)) TO ${quoteText(path)} ` +
      `(FORMAT parquet, COMPRESSION zstd, RETURN_STATS, FIELD_IDS ${fieldIdsOf(ids)})`,
    parameters,
  );
  const [row] = await result.getRowObjectsJson();
  if (row === undefined) throw new Error("the writer told no statistics");
  return { ...writtenOf(row), path };
}

/** Writes a SELECT's rows into as many files as their size asks for. */
export async function writeFiles(
  connection: DuckDBConnection,
  { select, folder, name, fileBytes, fieldIds, parameters }: EngineOperations["writeFiles"]["input"],
): Promise<readonly WrittenFile[]> {
  await mkdir(folder, { recursive: true });
  const result = await runSql(
    connection,
    `COPY (${select}\n) TO ${quoteText(folder)} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS, ` +
      `FILENAME_PATTERN ${quoteText(`${name}-{i}`)}, OVERWRITE_OR_IGNORE true, FILE_SIZE_BYTES ${fileBytes}, FIELD_IDS ${fieldIdsOf(fieldIds)})`,
    parameters,
  );
  const written = (await result.getRowObjectsJson()).map(writtenOf);
  // The engine writes one without rows where there are none.
  for (const { path } of written.filter(({ rows }) => rows === 0)) await rm(path, { force: true });
  return written.filter(({ rows }) => rows > 0);
}

function fieldIdsOf(ids: FieldIds): string {
  return `{${Object.entries(ids)
    .map(([name, id]) => `${quoteName(name)}: ${fieldIdOf(id)}`)
    .join(", ")}}`;
}

function fieldIdOf(id: FieldId): string {
  if (typeof id === "number") return String(id);
  return fieldIdsOf({ __duckdb_field_id: id.id, ...id.fields });
}

function writtenOf(row: Record<string, Json>): WrittenFile {
  return {
    path: textOf(row["filename"]),
    rows: Number(row["count"]),
    bytes: Number(row["file_size_bytes"]),
    columns: statisticsOf(row["column_statistics"] as unknown as readonly StatisticsEntry[]),
  };
}

interface StatisticsEntry {
  readonly key: string;
  readonly value: readonly { readonly key: string; readonly value: string }[];
}

function statisticsOf(entries: readonly StatisticsEntry[] | null): Record<string, WrittenColumn> {
  return Object.fromEntries(
    (entries ?? []).map(({ key, value }) => {
      const found = Object.fromEntries(value.map((pair) => [pair.key, pair.value]));
      const { min, max } = found;
      return [
        nameOf(key),
        {
          bytes: Number(found["column_size_bytes"] ?? 0),
          values: Number(found["num_values"] ?? 0),
          nulls: Number(found["null_count"] ?? 0),
          ...(min === undefined ? {} : { min }),
          ...(max === undefined ? {} : { max }),
          ...(found["has_nan"] === undefined ? {} : { hasNan: found["has_nan"] === "true" }),
        },
      ];
    }),
  );
}

/** `"a"."b"` as `a.b`. */
function nameOf(key: string): string {
  return Array.from(key.matchAll(/"((?:[^"]|"")*)"/g), ([, name = ""]) => name.replaceAll('""', '"')).join(".");
}
