/**
 * How a column depends on another, in OpenLineage's words (ColumnLineageDatasetFacet 1-2-0): by its value, or by which
 * rows there are and how they meet.
 */
export type DirectKind = "IDENTITY" | "TRANSFORMATION" | "AGGREGATION";
export type IndirectKind = "JOIN" | "GROUP_BY" | "FILTER" | "SORT" | "WINDOW" | "CONDITIONAL";

export interface Dependence {
  /** `kind:name`. */
  readonly dataset: string;
  /** `*` stands for the dataset's rows: how many there are, whatever is in them. */
  readonly column: string;
  readonly type: "DIRECT" | "INDIRECT";
  readonly kind: DirectKind | IndirectKind;
}

export const ROWS = "*";

/** All of them, each once. */
export function union(...parts: readonly (readonly Dependence[])[]): readonly Dependence[] {
  const known = new Map(
    parts.flat().map((one) => [`${one.dataset}\u0000${one.column}\u0000${one.type}\u0000${one.kind}`, one]),
  );
  return [...known.values()];
}

/** What a value that is computed from these depends on: an identity becomes a computation, an aggregate stays one. */
export function computed(
  from: readonly Dependence[],
  kind: Exclude<DirectKind, "IDENTITY"> = "TRANSFORMATION",
): readonly Dependence[] {
  return union(from.map((one) => (one.type === "INDIRECT" || one.kind === "AGGREGATION" ? one : { ...one, kind })));
}

/** What depends on these without holding their value. */
export function indirect(from: readonly Dependence[], kind: IndirectKind): readonly Dependence[] {
  return union(from.map((one) => (one.type === "INDIRECT" ? one : { ...one, type: "INDIRECT", kind })));
}
