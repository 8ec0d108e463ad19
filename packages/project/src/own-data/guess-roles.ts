import type { CleanColumn } from "./measure.ts";
import { percent } from "./reading.ts";

/** A guess, and what speaks for it. */
export interface Guess<Value> {
  readonly value: Value;
  readonly why: string;
}

const ID_NAME = /(?:^|_)(?:id|ids|uuid|guid|key|index|idx|nr|no|number|row|column|serial|code)(?:_\d+)?$/;
const TIME_NAME = /(?:^|_)(?:at|on|date|day|time|timestamp|datetime|when|month|week|ts|created|ordered|sold)(?:_|$)/;
/** Times that are a property of what the row is about, not the row's own. */
const OTHER_TIME_NAME = /(?:^|_)(?:birth|born|dob|expir\w*|due|until|end|ended|modified|updated|last)(?:_|$)/;
const LABEL_NAME =
  /^(?:label_value|target|y|class|classes|outcome|result|response|survived|churn|churned|exited|default_value|defaulted|fraud|is_fraud|returned|cancelled|canceled|converted|clicked|late|species|diagnosis|quality|price|sale_price|salary|income|revenue|sales|amount|total|demand|rating|score|grade|approved|attrition|purchased|bought|won)$/;
const LABEL_LIKE = /^(?:is|has|was|will|did)_|(?:^|_)(?:label|class|type|flag|status|outcome|category)$/;
const ENTITY_NAME =
  /(?:^|_)(?:customer|client|user|member|patient|account|store|shop|branch|product|item|sku|symbol|ticker|stock|station|site|sensor|device|machine|vehicle|city|location|place|country|state|region|airport|origin|company|team|player)(?:_|$)/;

/** Columns whose values name one row each. */
export function isRowId(column: CleanColumn): boolean {
  const { kind } = column.reading.reading;
  if (column.distinct < column.rows * 0.98 || column.present < column.rows * 0.98 || column.rows < 3) return false;
  if (kind === "text") return true;
  return kind === "whole" && (ID_NAME.test(column.name) || isSequence(column));
}

function isSequence({ min, max, distinct }: CleanColumn): boolean {
  return Number(max) - Number(min) + 1 === distinct;
}

/** The column that names each row, the one called so first. */
export function guessRowKey(columns: readonly CleanColumn[]): Guess<CleanColumn> | undefined {
  const unique = columns.filter((column) => isRowId(column) && column.distinct === column.rows);
  const found = unique.find(({ name }) => ID_NAME.test(name)) ?? unique[0];
  return found === undefined ? undefined : { value: found, why: `each of the ${found.rows} rows has its own value` };
}

/** The column that says when each row was: a time that nearly every row has. */
export function guessTime(columns: readonly CleanColumn[]): Guess<CleanColumn> | undefined {
  const times = columns.filter(
    (column) =>
      column.reading.reading.kind === "time" &&
      column.present >= column.rows * 0.95 &&
      column.distinct > 5 &&
      !OTHER_TIME_NAME.test(column.name),
  );
  const [best] = times.toSorted((a, b) => timeScore(b) - timeScore(a));
  if (best === undefined) return undefined;
  const others = times.length === 1 ? "the only column of times" : `of ${times.length} columns of times the likeliest`;
  return { value: best, why: `${others}, there in ${percent(best.present / best.rows)} of the rows` };
}

function timeScore({ name, distinct, rows }: CleanColumn): number {
  return (TIME_NAME.test(name) ? 1 : 0) + distinct / rows;
}

/** What is asked of the model: a yes or no, which of several classes, or a number. */
export type Task = "binary" | "classes" | "number";

const CLASSES_MAX = 50;
/** Whole numbers that name kinds are few, and their column is called so. */
const CODES_MAX = 12;
const KINDS_NAME = /(?:^|_)(?:class|classes|label|species|type|category|segment|cluster|digit|group|kind)(?:_|$)/;

/** What a label of this kind asks. */
export function guessTask({ name, reading, distinct }: CleanColumn): Guess<Task> | undefined {
  const { kind } = reading.reading;
  if (distinct < 2 || kind === "time" || kind === "nested") return undefined;
  if (distinct === 2) return { value: "binary", why: "it has two values" };
  const isCode = kind === "whole" && distinct <= CODES_MAX && KINDS_NAME.test(name);
  if (kind === "text" || isCode)
    return distinct > CLASSES_MAX
      ? undefined
      : {
          value: "classes",
          why: `${isCode ? "its name speaks of kinds, and" : "it is text, and"} it has ${distinct} values`,
        };
  return { value: "number", why: kind === "whole" ? `it is a whole number of ${distinct} values` : "it is a number" };
}

interface Candidate {
  readonly column: CleanColumn;
  readonly score: number;
  readonly reasons: readonly string[];
}

/** The column to predict: by its name, by where it stands, by being a yes or no. Undefined where none can be one. */
export function guessLabel(
  columns: readonly CleanColumn[],
  roles: { readonly time: CleanColumn | undefined; readonly rowKey: CleanColumn | undefined },
): Guess<CleanColumn> | undefined {
  const [best] = columns
    .filter((column) => column !== roles.time && column !== roles.rowKey && canBeLabel(column))
    .map((column) => labelCandidate(column, columns))
    .toSorted((a, b) => b.score - a.score);
  return best === undefined ? undefined : { value: best.column, why: best.reasons.join(", ") };
}

function canBeLabel(column: CleanColumn): boolean {
  if (isRowId(column) || column.present < column.rows / 2 || guessTask(column) === undefined) return false;
  const { kind } = column.reading.reading;
  return kind !== "text" || column.rows / column.distinct >= 5;
}

function labelCandidate(column: CleanColumn, columns: readonly CleanColumn[]): Candidate {
  const reasons: string[] = [];
  let score = 0;
  const speaks = (holds: boolean, points: number, reason: string) => {
    if (!holds) return;
    score += points;
    reasons.push(reason);
  };
  speaks(LABEL_NAME.test(column.name), 6, "its name is one that labels have");
  speaks(LABEL_LIKE.test(column.name), 4, "its name is like those of labels");
  speaks(column === columns.at(-1), 3, "it is the last column");
  speaks(column === columns[0] && column.reading.reading.kind === "text", 1, "it is the first column");
  speaks(column.distinct === 2, 2, "it has two values");
  speaks(column.reading.reading.kind === "text", 0.5, `it has ${column.distinct} values`);
  speaks(ENTITY_NAME.test(column.name), -3, "");
  speaks(column.present < column.rows, -0.5, "");
  const told = reasons.filter((reason) => reason !== "");
  return { column, score, reasons: told.length === 0 ? ["no other column is likelier"] : told };
}

/** A thing that many rows are about, so that its earlier rows tell of its later ones. */
export function guessEntity(
  columns: readonly CleanColumn[],
  roles: { readonly time: CleanColumn | undefined; readonly label: CleanColumn },
): Guess<CleanColumn> | undefined {
  if (roles.time === undefined) return undefined;
  const [best] = columns
    .filter((column) => column !== roles.label && canBeEntity(column))
    .toSorted((a, b) => entityScore(b) - entityScore(a));
  if (best === undefined) return undefined;
  const each = Math.round(best.present / best.distinct);
  return { value: best, why: `its ${best.distinct} values have about ${each} rows each, over time` };
}

export function canBeEntity(column: CleanColumn): boolean {
  const { kind } = column.reading.reading;
  const isNamed = ENTITY_NAME.test(column.name) || (ID_NAME.test(column.name) && column.distinct < column.rows / 2);
  return (
    (kind === "text" || kind === "whole") &&
    isNamed &&
    column.distinct >= 2 &&
    column.present / column.distinct >= 5 &&
    column.present >= column.rows * 0.9
  );
}

function entityScore({ name, distinct, rows }: CleanColumn): number {
  return (ID_NAME.test(name) ? 1 : 0) + distinct / rows;
}
