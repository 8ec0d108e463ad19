import { isRowId } from "./guess-roles.ts";
import type { CleanColumn, Telling } from "./measure.ts";
import { percent } from "./reading.ts";

/** What becomes of a column that is neither label, time nor key. */
export interface ColumnVerdict {
  readonly column: CleanColumn;
  readonly isFeature: boolean;
  readonly why: string;
}

const KINDS_MAX = 250;
/** A column that alone takes away so much of the doubt about the label is taken for another way of writing it. */
const TELLS_ALL = 0.98;
const TELLS_NUMBER = 0.998;
const ROWS_TO_TELL = 40;

export interface FeatureQuestion {
  readonly columns: readonly CleanColumn[];
  readonly label: CleanColumn;
  readonly isNumber: boolean;
  readonly telling: readonly Telling[];
}

/** Which columns the model learns from, and why the others are left out. */
export function guessFeatures(question: FeatureQuestion): readonly ColumnVerdict[] {
  return question.columns.map((column) => {
    const against = reasonAgainst(column, question);
    return { column, isFeature: against === undefined, why: against ?? reasonFor(column) };
  });
}

function reasonAgainst(column: CleanColumn, question: FeatureQuestion): string | undefined {
  const { rows, present, distinct, meanLength } = column;
  const { kind } = column.reading.reading;
  if (present === 0) return "no row has a value";
  if (distinct === 1 && present === rows) return `every row has the same value, ${column.min.slice(0, 40)}`;
  if (present < Math.max(3, rows * 0.01)) return `only ${present} of ${rows} rows have a value`;
  if (isRowId(column)) return "id-like: nearly every row has its own value, which says nothing of the next one";
  const leak = leakOf(column, question);
  if (leak !== undefined) return leak;
  if (kind !== "text") return undefined;
  if (meanLength > 60) return `free text of ${Math.round(meanLength)} characters on average`;
  if (distinct > KINDS_MAX || distinct * 2 > present)
    return `${distinct} different texts in ${present} rows: too many to learn from each`;
  return undefined;
}

function leakOf(
  { name, source, rows }: CleanColumn,
  { label, isNumber, telling }: FeatureQuestion,
): string | undefined {
  const share = telling.find((told) => told.name === name)?.share ?? 0;
  const isNamedAlike = name.startsWith(`${label.name}_`) || name.endsWith(`_${label.name}`);
  const enough = (isNumber ? TELLS_NUMBER : TELLS_ALL) - (isNamedAlike ? 0.1 : 0);
  if (rows < ROWS_TO_TELL || share < enough) return undefined;
  return `leaks the label: ${source} alone tells ${percent(share)} of ${label.source}, as something does that is known only afterwards`;
}

function reasonFor({ reading, rows, present, unread, distinct }: CleanColumn): string {
  const missing = rows - present;
  const kinds = reading.reading.kind === "text" ? `, ${distinct} kinds` : "";
  const holes =
    missing === 0 ? "" : `; ${missing} of ${rows} missing${unread === 0 ? "" : `, ${unread} of these unreadable`}`;
  return `${reading.why}${kinds}${holes}`;
}
