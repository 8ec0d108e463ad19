import type { Lakehouse } from "@millwright/lakehouse";
import { expect, test } from "vitest";
import { modelColumns } from "../src/road/model-columns.ts";

const column = (name: string) => ({ name, type: "int" });
const table = (name: string, columns: readonly string[]) => ({ name, columns: columns.map(column) });

/** A lakehouse of two tables, whose engine makes this tree of every statement. */
function lakehouseOf(tree: unknown): Pick<Lakehouse, "engine" | "tables"> {
  return {
    tables: () => Promise.resolve([table("raw", ["a", "b"]), table("made", ["x"])]),
    engine: { query: () => Promise.resolve({ columns: [], rows: [[JSON.stringify(tree)]], truncated: false }) },
  } as unknown as Pick<Lakehouse, "engine" | "tables">;
}

const select = (list: readonly unknown[]) => ({
  statements: [
    { node: { type: "SELECT_NODE", select_list: list, from_table: { type: "BASE_TABLE", table_name: "raw" } } },
  ],
});
const reference = (name: string, alias: string) => ({ class: "COLUMN_REF", column_names: [name], alias });
const model = { name: "made", sql: "", tables: ["raw"] };

test("a column that is followed is named alone", async () => {
  const { columns, because } = await modelColumns(lakehouseOf(select([reference("a", "x")])), model);
  expect(columns).toEqual([
    { name: "x", from: [{ dataset: "table:raw", column: "a", type: "DIRECT", kind: "IDENTITY" }] },
  ]);
  expect(because).toBeUndefined();
});

test.each([
  ["does not parse", { error: true, error_message: "no" }, "no"],
  ["has a part that is not known", select([{ class: "NEW_THING" }]), "an expression of the kind NEW_THING"],
  ["makes other columns than it seems", select([reference("a", "y")]), "the columns that were followed are not those"],
])("a statement that %s names all columns of what it reads, and why", async (_, tree, because) => {
  const found = await modelColumns(lakehouseOf(tree), model);
  expect(found.columns[0]?.from.map((from) => from.column)).toEqual(["a", "b", "*"]);
  expect(found.because).toMatch(because);
});
