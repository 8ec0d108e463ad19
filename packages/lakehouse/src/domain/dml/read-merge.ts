import { refused, type Cursor } from "./cursor.ts";
import type { Assignment, MergeAction, MergeClause } from "./statement.ts";

const NEXT_CLAUSE = [["when", "matched"], ["when", "not", "matched"], ["returning"]] as const;

type ReadAssignments = (phrases: readonly (readonly string[])[]) => readonly Assignment[];

/** The WHEN clauses of a MERGE, in their order. */
export function readMergeClauses(cursor: Cursor, readAssignments: ReadAssignments): readonly MergeClause[] {
  const clauses: MergeClause[] = [];
  while (cursor.takes("when")) {
    const on = sideOf(cursor);
    const and = cursor.takes("and") ? cursor.until("condition after AND", ["then"]) : undefined;
    cursor.expects("then");
    const action = actionOf(cursor, readAssignments);
    const isInsert = action.kind === "insert";
    if (action.kind !== "nothing" && isInsert !== (on === "not-matched"))
      throw refused(`${action.kind.toUpperCase()} cannot be done ${WORDS[on]}`);
    if (clauses.some((one) => one.on === on && one.and === undefined))
      throw refused(`a clause ${WORDS[on]} stands after one without a condition, and would never be reached`);
    clauses.push({ on, and, action });
  }
  if (clauses.length === 0) throw cursor.unexpected("WHEN MATCHED or WHEN NOT MATCHED");
  return clauses;
}

const WORDS = {
  matched: "WHEN MATCHED",
  "not-matched": "WHEN NOT MATCHED",
  "not-matched-by-source": "WHEN NOT MATCHED BY SOURCE",
} as const;

function sideOf(cursor: Cursor): MergeClause["on"] {
  if (cursor.takes("matched")) return "matched";
  cursor.expects("not", "matched");
  if (cursor.takes("by", "source")) return "not-matched-by-source";
  cursor.takes("by", "target");
  return "not-matched";
}

function actionOf(cursor: Cursor, readAssignments: ReadAssignments): MergeAction {
  if (cursor.takes("delete")) return { kind: "delete" };
  if (cursor.takes("do", "nothing")) return { kind: "nothing" };
  if (cursor.takes("update")) {
    if (!cursor.takes("set")) return { kind: "update", set: undefined };
    return { kind: "update", set: cursor.takesSign("*") ? undefined : readAssignments(NEXT_CLAUSE) };
  }
  cursor.expects("insert");
  if (cursor.takesSign("*")) return { kind: "insert", columns: undefined, values: undefined };
  const columns = cursor.seesSign("(") ? namesOf(cursor) : undefined;
  if (columns === undefined && !cursor.sees("values")) return { kind: "insert", columns: undefined, values: undefined };
  cursor.expects("values");
  cursor.expectsSign("(");
  const values = cursor.list("value", [")"]).map((value) => (/^default$/i.test(value) ? undefined : value));
  cursor.expectsSign(")");
  return { kind: "insert", columns, values };
}

function namesOf(cursor: Cursor): readonly string[] {
  cursor.expectsSign("(");
  const names = [cursor.parts("column").at(-1) ?? ""];
  while (cursor.takesSign(",")) names.push(cursor.parts("column").at(-1) ?? "");
  cursor.expectsSign(")");
  return names;
}
