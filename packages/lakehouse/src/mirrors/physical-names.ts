import type { IcebergType, StructType } from "../domain/iceberg/schema.ts";
import { within, type ParquetColumn } from "../parquet-columns.ts";

/** By field id what the data files call a column, or a field within one. */
export type PhysicalNames = ReadonlyMap<number, string>;

/** The columns of one file. */
export interface FileColumns {
  readonly columns: readonly ParquetColumn[];
}

/**
 * What a table's files call its columns, as far as they agree: formats that find a column by its name can hold no others.
 * Else why not. What no file has yet is called as the schema calls it. `known` is what other files were found to agree on.
 */
export function physicalNamesOf(
  schema: StructType,
  files: readonly FileColumns[],
  known: PhysicalNames = new Map(),
): { readonly names: PhysicalNames } | { readonly conflict: string } {
  const names = new Map<number, string>();
  const conflict = agree(schema, { files, names, known, prefix: "" });
  return conflict === undefined ? { names } : { conflict };
}

interface Level {
  readonly files: readonly FileColumns[];
  readonly names: Map<number, string>;
  readonly known: PhysicalNames;
  readonly prefix: string;
}

function agree(struct: StructType, { files, names, known, prefix }: Level): string | undefined {
  const taken = new Set<string>();
  for (const field of struct.fields) {
    const full = `${prefix}${field.name}`;
    const holders = files.flatMap(({ columns }) =>
      columns.filter(({ id }) => id === field.id).map((column) => ({ column })),
    );
    const own = known.get(field.id) ?? holders[0]?.column.name ?? field.name;
    const other = holders.find(({ column }) => column.name !== own);
    if (other !== undefined)
      return `the column ${full} is called ${own} in one data file and ${other.column.name} in another`;
    const stranger = files.find(({ columns }) => columns.some(({ name, id }) => name === own && id !== field.id));
    if (stranger !== undefined) return `a data file has a column ${own} that is another than the table's ${full}`;
    if (taken.has(own)) return `two columns are called ${own} in the data files`;
    taken.add(own);
    names.set(field.id, own);
    const inner = agreeWithin(field.type, {
      files: holders.map(({ column }) => ({ columns: [column] })),
      names,
      known,
      prefix: full,
    });
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Each file of the level has the one column whose inside is looked at. */
function agreeWithin(type: IcebergType, level: Level): string | undefined {
  if (typeof type === "string") return undefined;
  const parts: readonly (readonly [IcebergType, "struct" | "element" | "key" | "value"])[] =
    type.type === "struct"
      ? [[type, "struct"]]
      : type.type === "list"
        ? [[type.element, "element"]]
        : [
            [type.key, "key"],
            [type.value, "value"],
          ];
  for (const [inner, part] of parts) {
    if (typeof inner === "string") continue;
    const conflict =
      inner.type === "struct"
        ? agree(inner, { ...level, files: inside(level.files, part), prefix: `${level.prefix}.` })
        : agreeWithin(inner, { ...level, files: deeper(level.files, part) });
    if (conflict !== undefined) return conflict;
  }
  return undefined;
}

function inside(files: readonly FileColumns[], part: "struct" | "element" | "key" | "value"): readonly FileColumns[] {
  return files.map(({ columns }) => ({
    columns: columns[0] === undefined ? [] : within(columns[0], part),
  }));
}

/** A list in a list, or in a map: the repeated group's own child. */
function deeper(files: readonly FileColumns[], part: "struct" | "element" | "key" | "value"): readonly FileColumns[] {
  return files.map(({ columns }) => {
    const repeated = columns[0]?.children[0]?.children ?? [];
    const child = part === "value" ? repeated[1] : repeated[0];
    return { columns: child === undefined ? [] : [child] };
  });
}
