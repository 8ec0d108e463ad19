import { quoteName, quoteText } from "@millwright/lakehouse";
import { transformationErrors } from "../../errors.ts";
import { parseCsv } from "../csv.ts";
import type { DbtNode } from "../node.ts";
import { recordOf, textOf } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";
import { existingKind, nameOf } from "./relations.ts";

export interface SeedRows {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

const ROWS_A_STATEMENT = 1_000;

/** Loads a seed's file: a table that is there is emptied and filled again, or made anew. */
export async function loadSeed(
  warehouse: Warehouse,
  node: DbtNode,
  { fullRefresh }: { readonly fullRefresh: boolean },
): Promise<number> {
  const { columns, rows } = readSeed(node);
  const present = await existingKind(warehouse, node);
  const asked = node.config["full_refresh"];
  const isAnew = typeof asked === "boolean" ? asked : fullRefresh;
  const shown = node.config["quote_columns"] === false ? (name: string) => name : quoteName;
  if (present === "view") throw wrong(node, `Cannot seed to '${nameOf(node)}', it is a view`);
  if (present === "table" && !isAnew) await warehouse.execute(`delete from ${nameOf(node)}`);
  else {
    if (present === "table") await warehouse.execute(`drop table ${nameOf(node)} cascade`);
    await warehouse.execute(
      `create table ${nameOf(node)} (${columns.map(({ name, type }) => `${shown(name)} ${type}`).join(", ")})`,
    );
  }
  const list = columns.map(({ name }) => shown(name)).join(", ");
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    const values = rows
      .slice(at, at + ROWS_A_STATEMENT)
      .map((row) => `(${row.map((value, index) => literal(value, columns[index]?.type ?? "varchar")).join(", ")})`);
    await warehouse.execute(`insert into ${nameOf(node)} (${list}) values ${values.join(", ")}`);
  }
  return rows.length;
}

function literal(value: string | null, type: string): string {
  return value === null ? "null" : `cast(${quoteText(value)} as ${type})`;
}

/** A seed's columns with their types, and its rows as text. */
export function readSeed(node: DbtNode): SeedRows {
  const records = readCsv(node);
  const [header = [], ...lines] = records;
  const given = recordOf(node.config["column_types"]);
  const names = header.map((name) => name.trim());
  const typed = names.map((name) => typeGiven(given, name));
  const texts = lines.map((line) => names.map((_, index) => (line[index] === "" ? null : (line[index] ?? null))));
  const types = names.map((_, index) => typed[index] ?? inferred(texts.map((row) => row[index] ?? null)));
  return {
    columns: names.map((name, index) => ({ name, type: types[index] ?? "varchar" })),
    rows: texts.map((row) =>
      row.map((value, index) =>
        typed[index] === undefined && types[index] !== "varchar" ? plainOrNull(value) : value,
      ),
    ),
  };
}

/** Where no text is meant, blanks and the word null are none. */
function plainOrNull(value: string | null): string | null {
  return value === null || /^(?:\s*|null)$/i.test(value.trim()) ? null : value.trim();
}

function readCsv(node: DbtNode): readonly (readonly string[])[] {
  try {
    return parseCsv(node.rawCode, textOf(node.config["delimiter"], ","));
  } catch (error) {
    throw wrong(node, error instanceof Error ? error.message : "the file is no CSV");
  }
}

function typeGiven(types: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const found = types[name] ?? Object.entries(types).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return found === undefined ? undefined : textOf(found);
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/;

/** The type of a column by its texts: the first that holds every value. All null is a whole number, as dbt has it. */
function inferred(values: readonly (string | null)[]): string {
  const texts = values.map(plainOrNull).filter((value) => value !== null);
  const all = (pattern: RegExp) => texts.every((text) => pattern.test(text));
  if (all(/^[-+]?\d+$/)) return "integer";
  if (all(/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/)) return "double";
  if (all(DAY) && texts.every((text) => !Number.isNaN(Date.parse(text)))) return "date";
  if (all(MOMENT) || all(ISO_MOMENT)) return "timestamp";
  return all(/^(?:true|false)$/i) ? "boolean" : "varchar";
}

function wrong({ name, path }: DbtNode, because: string): Error {
  return transformationErrors.create("transformation/dbt", {
    because: `Compilation Error in seed ${name} (${path})\n  ${because}`,
    where: { file: path },
  });
}
