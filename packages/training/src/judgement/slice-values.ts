import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import type { TrainingDefinition } from "../define-training.ts";
import { trainingErrors } from "../errors.ts";

/** A column to slice by: its values by falling rows, the last one standing for the rest, and SQL that gives their place. */
export interface SliceValues {
  readonly column: string;
  readonly values: readonly string[];
  readonly code: string;
}

export interface SliceValuesRequest {
  readonly definition: Pick<TrainingDefinition, "slices" | "gates">;
  readonly table: string;
  readonly where: string;
}

const VALUES_MAX = 12;
/** What text a value is cut to where it is shown. */
const VALUE_CHARACTERS_MAX = 60;

/** Looks up the values by which rows are sliced. Throws `training/unknown-column`. */
export async function sliceValues(
  lakehouse: Lakehouse,
  { definition, table, where }: SliceValuesRequest,
): Promise<readonly SliceValues[]> {
  const { slices = [], gates } = definition;
  // The columns that are asked for, and those of the gates.
  const columns = new Set([...slices, ...gates.flatMap((gate) => (gate.kind === "slice" ? [gate.column] : []))]);
  if (columns.size === 0) return [];
  const known = (await lakehouse.table(table))?.columns ?? [];
  const found: SliceValues[] = [];
  for (const column of columns) {
    if (!known.some(({ name }) => name === column))
      throw trainingErrors.create("training/unknown-column", {
        because: `${table} has no column ${column} to slice by`,
      });
    const text = `${quoteName(column)}::varchar`;
    const { rows } = await lakehouse.query(
      `SELECT ${text}, count(*) FROM ${lakehouse.relation(table)} WHERE ${where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${VALUES_MAX + 1}`,
    );
    found.push(codedValues({ column, text, frequent: rows.map(([value]) => value as string | null) }));
  }
  return found;
}

function codedValues({
  column,
  text,
  frequent,
}: {
  readonly column: string;
  readonly text: string;
  readonly frequent: readonly (string | null)[];
}): SliceValues {
  const alone = frequent.length > VALUES_MAX ? frequent.slice(0, VALUES_MAX - 1) : frequent;
  const cases = alone.map((value, code) =>
    value === null ? `WHEN ${text} IS NULL THEN ${code}` : `WHEN ${text} = ${quoteText(value)} THEN ${code}`,
  );
  return {
    column,
    values: [
      ...alone.map((value) => (value === null ? "(missing)" : shortened(value))),
      ...(alone.length < frequent.length ? ["all others"] : []),
    ],
    code: `(CASE ${cases.join(" ")} ELSE ${alone.length} END)::float`,
  };
}

function shortened(text: string): string {
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1).toWellFormed()}…`;
}
