import { defineErrors } from "@millwright/kernel";

export const projectErrors = defineErrors("project", {
  "project/not-found": {
    status: 404,
    exit: 2,
    title: "There is no Millwright project here",
    remedy:
      "Go to a folder with a `millwright.ts` (or below one), name it with `--project DIR`, or make one: `mill init DIR`.",
    example: "mill run --project examples/flights",
  },
  "project/unreadable-definition": {
    status: 422,
    title: "A definition file could not be read",
    remedy: "Mend the named file; `mill check` reads all of them again.",
    example: "features/origin.ts: Unexpected token",
  },
  "project/duplicate-name": {
    status: 422,
    title: "Two definitions of one kind have the same name",
    remedy: "Rename one of the two: a name is unique in its kind.",
    example: "features/a.ts:3 and features/b.ts:9 both define the feature view origin_lateness",
  },
  "project/unknown-reference": {
    status: 422,
    title: "A definition names something that does not exist",
    remedy:
      "Correct the name, or define what it names. `mill table list` and the files of `features/` show what there is.",
    example: 'features/origin.ts:7 reads the table "origin_hourli"; did you mean "origin_hourly"?',
  },
  "project/invalid-definition": {
    status: 422,
    title: "A definition is not complete",
    remedy: "Correct the named field of the definition.",
    example: "training/late-flights.ts:5: split.testFrom is not a date",
  },
  "project/types-stale": {
    status: 409,
    title: "The generated types are not those of the project as it is",
    remedy: "Run `mill types` and commit nothing of `.mill`: the types are made again by `mill run`, `up` and `check`.",
  },
  "project/types-do-not-hold": {
    status: 422,
    title: "The project's TypeScript does not compile against its own tables, features and services",
    remedy: "Correct each named line: a column or name that it uses was renamed or removed.",
    example: 'app/board.ts(9,41): error TS2353: "origin" does not exist in type { departure_airport: string }',
  },
  "project/exists": {
    status: 409,
    exit: 2,
    title: "The folder is not empty",
    remedy: "Choose a new folder, or empty this one first.",
    example: "mill init my-project",
  },
  "project/unknown-template": {
    status: 404,
    exit: 2,
    title: "There is no such template",
    remedy: "Use `--template flights`, `--template csv` or `--template empty`.",
    example: "mill init flights --template flights",
  },
  "project/unusable-file": {
    status: 422,
    exit: 2,
    title: "No project can be made from this file",
    remedy: "Bring a table as CSV, TSV, JSON lines or Parquet, with the names of its columns in the first line.",
    example: "mill init shop --from sales.csv",
  },
  "project/unusable-column": {
    status: 422,
    exit: 2,
    title: "A named column is not there, or cannot be what it is to be",
    remedy: "Name a column as the file does; `mill init DIR --from FILE` without options says what each one is.",
    example: 'mill init shop --from sales.csv --label "Was returned"',
  },
  "project/not-under-test": {
    status: 409,
    exit: 2,
    title: "A test asks for the project's throwaway state, and there is none",
    remedy: "Run it by `mill test`, which makes that state and removes it afterwards.",
    example: "mill test --project shop",
  },
  "project/checks-failed": {
    status: 422,
    title: "A check of severity error does not hold",
    remedy:
      "Look at the rows it names (`--json` shows more of them) and mend the data or the check. What depends on the table was not run.",
    example: "departures: unique_departures_flight_id fails for 3 rows",
  },
  "project/unknown": {
    status: 404,
    title: "The project has nothing of this name",
    remedy: "The `list` command of the same noun shows the names.",
    example: "mill models show late-flights",
  },
});
