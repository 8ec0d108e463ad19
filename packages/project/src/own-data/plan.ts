import type { ColumnVerdict } from "./guess-features.ts";
import type { Guess, Task } from "./guess-roles.ts";
import type { CleanColumn, TimeParts } from "./measure.ts";
import type { FileProfile } from "./profile.ts";
import type { ReadableFile } from "./readable-file.ts";

/** What was guessed of a file: all that the written project says. */
export interface OwnDataPlan {
  readonly file: ReadableFile;
  readonly profile: Pick<FileProfile, "rows" | "sampled" | "badLines">;
  /** The cleaned table, by the file's name. */
  readonly table: string;
  readonly columns: readonly CleanColumn[];
  /** Columns of lists and structures. */
  readonly nested: readonly string[];
  readonly label: Guess<LabelPlan>;
  readonly task: Guess<Task>;
  readonly time: Guess<CleanColumn> | undefined;
  readonly rowKey: Guess<CleanColumn> | undefined;
  readonly entity: Guess<CleanColumn> | undefined;
  readonly verdicts: readonly ColumnVerdict[];
  readonly split: Guess<SplitPlan>;
}

export interface LabelPlan {
  readonly column: CleanColumn;
  /** The label's name in the cleaned table. */
  readonly name: string;
  /** Of a yes or no that is not written as 1 and 0: the value that counts as 1. */
  readonly positive: string | undefined;
  /** Values of so few rows that nothing is learned of them: their rows are left out. */
  readonly rare: readonly string[];
  /** The most frequent values first; none for a number. */
  readonly values: readonly { readonly value: string; readonly rows: number }[];
}

export type SplitPlan =
  | ({ readonly by: "time" } & Pick<TimeParts, "validationFrom" | "testFrom" | "spanDays">)
  | { readonly by: "hash"; readonly validation: number; readonly test: number; readonly stratify: boolean };

/** The features of a plan, in the file's order. */
export function featureColumns({ verdicts }: OwnDataPlan): readonly CleanColumn[] {
  return verdicts.filter(({ isFeature }) => isFeature).map(({ column }) => column);
}

/** Where the file lies in the project: under a plain name, since a source's path is a pattern. */
export function dataPath({ file, table }: OwnDataPlan): string {
  return `data/${table}${/(?:\.[A-Za-z0-9]+)+$/.exec(file.name)?.[0].toLowerCase() ?? ""}`;
}

/** The name of the training, its model and its service. */
export function modelNameOf({ label }: OwnDataPlan): string {
  return label.value.name.replaceAll("_", "-");
}
