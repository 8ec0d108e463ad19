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
  | { readonly what: "append" | "replace" | "rewrite" | "expire" | "compact" }
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
export function after(rows: Rows, deed: Deed): Rows {
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
      return rows;
  }
}

function given({ from, rows, v }: { readonly from: number; readonly rows: number; readonly v: number }): Rows {
  return Array.from({ length: rows }, (_, index) => [from + index, v]);
}
