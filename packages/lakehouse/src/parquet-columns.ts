import { quoteText } from "./domain/names.ts";
import type { SqlEngine } from "./ports.ts";

/** A column of a Parquet file, or a part of one, as the file itself names it. */
export interface ParquetColumn {
  readonly name: string;
  readonly id: number | undefined;
  readonly children: readonly ParquetColumn[];
}

interface Element {
  readonly path: string;
  readonly name: string;
  readonly children: number;
  readonly id: number | undefined;
}

const ELEMENTS_MAX = 10_000_000;
const FILES_AT_ONCE = 1_000;

/** The columns of Parquet files, from their footers, by the paths given. */
export async function parquetColumns(
  engine: Pick<SqlEngine, "query">,
  paths: readonly string[],
): Promise<ReadonlyMap<string, readonly ParquetColumn[]>> {
  const found = new Map<string, readonly ParquetColumn[]>();
  for (let from = 0; from < paths.length; from += FILES_AT_ONCE) {
    const part = paths.slice(from, from + FILES_AT_ONCE).map(quoteText);
    const { rows } = await engine.query(
      `SELECT file_name, name, coalesce(num_children, 0), field_id FROM parquet_schema([${part.join(", ")}])`,
      { maxRows: ELEMENTS_MAX },
    );
    const byPath = Map.groupBy(
      rows.map(([path, name, children, id]): Element => ({
        path: String(path as string),
        name: String(name as string),
        children: Number(children),
        id: id === null ? undefined : Number(id),
      })),
      ({ path }) => path,
    );
    for (const [path, elements] of byPath) found.set(path, treeOf(elements));
  }
  return found;
}

/** The footer has the tree depth first: each element is followed by its children. The first is the row itself. */
function treeOf(elements: readonly Element[]): readonly ParquetColumn[] {
  let next = 0;
  const take = (): ParquetColumn => {
    const element = elements[next];
    if (element === undefined) throw new Error("a Parquet footer ends within a column");
    next += 1;
    return { name: element.name, id: element.id, children: Array.from({ length: element.children }, take) };
  };
  return take().children;
}

/** What is within a column: the fields of a struct, of a list's element, or of a map's key or value. */
export function within(column: ParquetColumn, part: "struct" | "element" | "key" | "value"): readonly ParquetColumn[] {
  if (part === "struct") return column.children;
  const repeated = column.children[0]?.children ?? [];
  if (part === "value") return repeated[1]?.children ?? [];
  return repeated[0]?.children ?? [];
}
