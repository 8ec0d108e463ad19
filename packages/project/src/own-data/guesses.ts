import { featureColumns, type OwnDataPlan } from "./plan.ts";
import { nameOf } from "./write/write-staging.ts";

/** A guess as it is told: what it is of, what was guessed, why, and the option that says otherwise. */
export interface ToldGuess {
  readonly what: "label" | "task" | "time" | "key" | "split" | "rows";
  readonly value: string | null;
  readonly why: string;
  readonly option?: string;
}

/** What became of one column of the file. */
export interface ToldColumn {
  readonly column: string;
  /** Its name in the cleaned table. */
  readonly as: string;
  readonly type: string;
  readonly role: "label" | "time" | "key" | "feature" | "left out";
  readonly why: string;
}

export interface ToldGuesses {
  readonly roles: readonly ToldGuess[];
  readonly columns: readonly ToldColumn[];
}

const TASKS = { binary: "a yes or no", classes: "one of several", number: "a number" };

/** All guesses of a plan, as they are shown, printed and written into the project. */
export function guessesOf(plan: OwnDataPlan): ToldGuesses {
  const { label, task, time, rowKey, entity, split } = plan;
  const positive = label.value.positive === undefined ? "" : `, 1 where it is ${label.value.positive}`;
  const key = entity ?? rowKey;
  return {
    roles: [
      { what: "label", value: label.value.column.source, why: label.why, option: "--label" },
      { what: "task", value: TASKS[task.value], why: `${task.why}${positive}${rareText(plan)}` },
      {
        what: "time",
        value: time?.value.source ?? null,
        why: time?.why ?? "no column of times that nearly every row has",
        option: "--time",
      },
      {
        what: "key",
        value: key?.value.source ?? null,
        why: keyWhy(plan),
        option: "--key",
      },
      { what: "split", value: splitText(plan), why: split.why },
      ...unreadLines(plan),
    ],
    columns: toldColumns(plan),
  };
}

function unreadLines({ profile: { rows, badLines }, table }: OwnDataPlan): readonly ToldGuess[] {
  if (badLines === 0) return [];
  const lines = badLines === 1 ? "a line does" : `${badLines} lines do`;
  return [
    { what: "rows", value: String(rows), why: `${lines} not read as the header says: see ${table}_raw_quarantine` },
  ];
}

function rareText({ label }: OwnDataPlan): string {
  const { rare } = label.value;
  return rare.length === 0 ? "" : `; left out, as hardly a row has them: ${rare.join(", ")}`;
}

function keyWhy({ entity, rowKey }: OwnDataPlan): string {
  if (entity !== undefined) return `${entity.why}; its history becomes features`;
  return rowKey === undefined ? "no column names a row, or a thing that many rows are about" : rowKey.why;
}

function splitText({ split }: OwnDataPlan): string {
  const { value } = split;
  if (value.by === "time") return `by time, from ${value.validationFrom} and ${value.testFrom}`;
  return `${value.validation * 100} % to choose, ${value.test * 100} % to judge`;
}

function toldColumns(plan: OwnDataPlan): readonly ToldColumn[] {
  const { label, time, rowKey, entity } = plan;
  const features = new Set(featureColumns(plan));
  const flat = plan.columns.map((column): ToldColumn => {
    const verdict = plan.verdicts.find((one) => one.column === column);
    const role =
      column === label.value.column
        ? "label"
        : column === time?.value
          ? "time"
          : features.has(column)
            ? "feature"
            : column === entity?.value || column === rowKey?.value
              ? "key"
              : "left out";
    return {
      column: column.source,
      as: nameOf(column, plan),
      type: TYPES[column.reading.reading.kind],
      role,
      why: verdict?.why ?? column.reading.why,
    };
  });
  const nested = plan.nested.map((column): ToldColumn => ({
    column,
    as: "",
    type: "nested",
    role: "left out",
    why: "a list or structure: take it apart in a model of yours",
  }));
  return [...flat, ...nested];
}

const TYPES = {
  number: "number",
  whole: "whole number",
  truth: "yes or no",
  time: "time",
  text: "text",
  nested: "nested",
};
