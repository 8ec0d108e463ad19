import { quoteName } from "./domain/names.ts";
import { lakehouseErrors } from "./errors.ts";
import type { Lakehouse } from "./lakehouse.ts";
import type { QueryResult } from "./ports.ts";

const SHOWN_MAX = 50;

/** The rows that one side has and the other has not: how many, and some of them. */
interface RowsOfOneSide {
  readonly total: number;
  readonly rows: QueryResult["rows"];
}

export interface RowComparison {
  /** Those that both have: by them rows are equal or not. */
  readonly columns: QueryResult["columns"];
  readonly onlyOnBranch: RowsOfOneSide;
  readonly onlyOnMain: RowsOfOneSide;
}

interface Sides {
  readonly main: Lakehouse;
  readonly branch: Lakehouse;
  readonly name: string;
}

/** Compares a table's rows on a branch with main's, as a bag. Throws `lakehouse/unknown-table` unless both have rows of their own. */
export async function compareRows({ main, branch, name }: Sides): Promise<RowComparison> {
  const [own, other] = await Promise.all([branch.table(name), main.table(name)]);
  if (
    own?.snapshotId === undefined ||
    own.snapshotId === null ||
    other?.snapshotId === undefined ||
    other.snapshotId === null
  )
    throw lakehouseErrors.create("lakehouse/unknown-table", {
      because: `${name} is not a table with rows of its own on both sides`,
    });
  const [ownRows, otherRows] = await Promise.all([
    branch.relationAt(name, own.snapshotId),
    main.relationAt(name, other.snapshotId),
  ]);
  const known = new Set(other.columns.map((column) => column.name));
  const columns = own.columns.filter((column) => known.has(column.name));
  const names = columns.map((column) => quoteName(column.name)).join(", ");
  // The files of both lie in one lake, and the branch's engine reads either.
  const left = async (from: string, without: string): Promise<RowsOfOneSide> => {
    const { rows } = await branch.query(
      `WITH left_over AS MATERIALIZED (SELECT ${names} FROM ${from} EXCEPT ALL SELECT ${names} FROM ${without})
       SELECT (SELECT count(*) FROM left_over), * FROM left_over LIMIT ${SHOWN_MAX}`,
    );
    return { total: Number(rows[0]?.[0] ?? 0), rows: rows.map(([, ...row]) => row) };
  };
  return {
    columns,
    onlyOnBranch: await left(ownRows, otherRows),
    onlyOnMain: await left(otherRows, ownRows),
  };
}
