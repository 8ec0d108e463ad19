import type { Column, SchemaChange } from "@millwright/client";

export type ColumnChange = Omit<SchemaChange, "keepsValues">;

/** How columns differ, told by their names: of two tables that do not share their history. */
export function columnChanges(before: readonly Column[], after: readonly Column[]): readonly ColumnChange[] {
  const types = (columns: readonly Column[]) => new Map(columns.map(({ name, type }) => [name, type]));
  const [old, now] = [types(before), types(after)];
  const changes = [...now].flatMap(([column, type]): readonly ColumnChange[] => {
    const was = old.get(column);
    if (was === undefined) return [{ kind: "added", column, type, before: null }];
    return was === type ? [] : [{ kind: "retyped", column, type, before: was }];
  });
  const dropped = [...old].filter(([column]) => !now.has(column));
  return [...changes, ...dropped.map(([column, type]) => ({ kind: "dropped" as const, column, type, before: null }))];
}
