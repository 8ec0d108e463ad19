import type { Assignment, DmlStatement, MergeClause, Sql } from "./statement.ts";

/** The parts of a statement that may name tables which it reads: all but the name of its target, whose rows come by its files. */
export function readsOf(statement: DmlStatement): Sql {
  return partsOf(statement)
    .filter((part) => part !== undefined)
    .join("\n");
}

function partsOf(statement: DmlStatement): readonly (Sql | undefined)[] {
  const { ctes } = statement;
  switch (statement.kind) {
    case "insert":
      return [ctes, statement.query];
    case "delete":
      return [ctes, statement.using, statement.where];
    case "update":
      return [ctes, statement.from, statement.where, ...valuesOf(statement.set)];
    case "merge":
      return [ctes, statement.using, statement.on, ...statement.clauses.flatMap(partsOfClause)];
  }
}

function partsOfClause({ and, action }: MergeClause): readonly (Sql | undefined)[] {
  if (action.kind === "update") return [and, ...valuesOf(action.set ?? [])];
  return [and, ...(action.kind === "insert" ? (action.values ?? []) : [])];
}

function valuesOf(set: readonly Assignment[]): readonly (Sql | undefined)[] {
  return set.map(({ value }) => value);
}
