// What the children of the kill test do, and what their tables hold afterwards.

/** What a child is asked to do: to end itself as it passes a write point for the nth time, or after so many commits. */
export interface KillJob {
  readonly seed: number;
  /** Empty: it does not end itself. */
  readonly killAt: string;
  readonly nth: number;
  readonly commits: number;
}

/** One commit to one table. */
export type Deed = { readonly table: string } & (
  | { readonly what: "append" | "replace" | "rewrite" | "expire" | "compact" | "set" }
  | { readonly what: "insert" | "merge"; readonly from: number; readonly rows: number; readonly v: number }
  | { readonly what: "delete" | "update"; readonly mod: number; readonly rest: number }
);

export interface Lane {
  run(deed: Deed): Promise<void>;
  close(): Promise<void>;
}

export interface LaneOf {
  readonly open: () => Promise<Lane>;
  /** `isAlone`: no other writes the tables meanwhile, so that rows may go. */
  readonly draw: (random: () => number, told: { readonly isFirst: boolean; readonly isAlone: boolean }) => Deed;
}

/** A table's rows: an id, which may be there more than once, and a value. */
export type Rows = readonly (readonly [id: number, v: number])[];

/** The rows once a deed is done. */
function after(rows: Rows, deed: Deed): Rows {
  switch (deed.what) {
    case "append":
      return [...rows, [1, 0]];
    case "replace":
      return [[1, 0]];
    case "insert":
      return [...rows, ...given(deed)];
    case "merge": {
      const source = given(deed);
      const ids = new Set(rows.map(([id]) => id));
      const kept = rows.map(([id, v]) => source.find(([one]) => one === id) ?? ([id, v] as const));
      return [...kept, ...source.filter(([id]) => !ids.has(id))];
    }
    case "delete":
      return rows.filter(([id]) => id % deed.mod !== deed.rest);
    case "update":
      return rows.map(([id, v]) => [id, id % deed.mod === deed.rest ? v + 1 : v]);
    case "rewrite":
    case "expire":
    case "compact":
    case "set":
      return rows;
  }
}

export type Tables = ReadonlyMap<string, Rows>;

/** What the tables hold by what was said: all that is done, and what was begun and may be there. */
export function told(before: Tables, said: readonly string[]) {
  const tables = new Map(before);
  let begun: Deed | undefined;
  for (const line of said) {
    if (line.startsWith("begin ")) begun = JSON.parse(line.slice("begin ".length)) as Deed;
    if (line !== "done" || begun === undefined) continue;
    tables.set(begun.table, after(tables.get(begun.table) ?? [], begun));
    begun = undefined;
  }
  return { tables, begun };
}

/** What a table may hold: what is done of it, perhaps with what was begun. */
export function eitherOf({ tables, begun }: ReturnType<typeof told>, table: string): readonly Rows[] {
  const whole = tables.get(table) ?? [];
  return (begun?.table === table ? [whole, after(whole, begun)] : [whole]).map(inOrder);
}

function inOrder(rows: Rows): Rows {
  return rows.toSorted(([id, v], [otherId, otherV]) => id - otherId || v - otherV);
}

function given({ from, rows, v }: { readonly from: number; readonly rows: number; readonly v: number }): Rows {
  return Array.from({ length: rows }, (_, index) => [from + index, v]);
}
