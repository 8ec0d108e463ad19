import type { Guess, Task } from "./guess-roles.ts";
import type { TimeParts } from "./measure.ts";
import type { SplitPlan } from "./plan.ts";

const ROWS_A_PART = 20;
/** So few rows of a label would be missing from a part by chance. */
const ROWS_STRATIFIED = 5_000;

/**
 * How rows are held out: the newest where rows have times and each part gets rows of each kind, since tomorrow is what is
 * asked for; else by a hash of the row, in which each label has its share where rows are few.
 */
export function guessSplit(question: {
  readonly task: Task;
  readonly rows: number;
  readonly parts: TimeParts | undefined;
}): Guess<SplitPlan> {
  const { task, rows, parts } = question;
  if (parts !== undefined && fits(parts, task)) {
    const { validationFrom, testFrom, spanDays } = parts;
    return {
      value: { by: "time", validationFrom, testFrom, spanDays },
      why: `the newest rows are held out, as tomorrow is what is asked for: ${parts.rows.join(", ")} rows to learn, choose and judge`,
    };
  }
  const share = rows < 200 ? 0.2 : 0.15;
  const reason = parts === undefined ? "rows have no time" : "split by time, a part would lack rows or labels";
  const isKinds = task !== "number" && rows < ROWS_STRATIFIED;
  return {
    value: { by: "hash", validation: share, test: share, stratify: isKinds },
    why: `${reason}: a hash of the row decides${isKinds ? ", and each label has its share in each part" : ""}`,
  };
}

function fits({ rows, labels, unseen, validationFrom, testFrom }: TimeParts, task: Task): boolean {
  if (rows.length < 3 || rows.some((count) => count < ROWS_A_PART) || validationFrom >= testFrom) return false;
  if (task === "number") return true;
  return unseen === 0 && labels.every((count) => count >= 2);
}
