import { duckdbType, quoteName, type Lakehouse } from "@millwright/lakehouse";
import { transformationErrors } from "../errors.ts";
import type { Warehouse, WarehouseTable } from "../engine/warehouse.ts";
import { lakeWarehouse } from "./compile.ts";
import { readStatement, splitStatements, type LakeStatement } from "./statement.ts";

export type WritableLake = Pick<
  Lakehouse,
  "query" | "write" | "createView" | "drop" | "table" | "relation" | "describe"
>;

const NOTHING: WarehouseTable = { columns: [], rows: [] };

/** The lake as hooks, materializations and operations have it: their statements change tables, each in one snapshot. */
export function writingWarehouse(lakehouse: WritableLake): Warehouse {
  const asking = lakeWarehouse(lakehouse);
  return {
    ...asking,
    execute: async (sql) => {
      let last = NOTHING;
      for (const text of splitStatements(sql)) {
        const statement = readStatement(text);
        if (statement === undefined) throw unknownStatement(text);
        last = statement.does === "ask" ? await asking.execute(statement.sql) : NOTHING;
        if (statement.does !== "ask") await change(lakehouse, statement);
      }
      return last;
    },
  };
}

async function change(lakehouse: WritableLake, statement: Exclude<LakeStatement, { does: "ask" }>): Promise<void> {
  if (statement.does === "nothing") return;
  const { table } = statement;
  const relation = lakehouse.relation(table);
  switch (statement.does) {
    case "insert": {
      await lakehouse.write({ table, select: await insertedRows(lakehouse, statement), mode: "append" });
      return;
    }
    case "create": {
      if (statement.onlyIfMissing && (await lakehouse.table(table)) !== undefined) return;
      await lakehouse.write({ table, select: statement.select, mode: "replace" });
      return;
    }
    case "view": {
      await lakehouse.createView({ name: table, select: statement.select });
      return;
    }
    case "delete": {
      const kept = `SELECT * FROM ${relation} WHERE NOT coalesce((${statement.where}), false)`;
      await lakehouse.write({ table, select: kept, mode: "replace" });
      return;
    }
    case "rename": {
      await lakehouse.write({ table: statement.to, select: `SELECT * FROM ${relation}`, mode: "replace" });
      await lakehouse.drop(table);
      return;
    }
    case "drop": {
      if ((await lakehouse.table(table)) !== undefined) await lakehouse.drop(table);
    }
  }
}

/** New rows in the columns of their table, by place, or by the names that the statement gives; what it leaves out is null. */
async function insertedRows(
  lakehouse: WritableLake,
  { table, columns, select }: Extract<LakeStatement, { does: "insert" }>,
): Promise<string> {
  const target = await lakehouse.describe(`SELECT * FROM ${lakehouse.relation(table)}`);
  const given = columns.length === 0 ? target.map(({ name }) => name) : columns;
  const isGiven = new Set(given.map((name) => name.toLowerCase()));
  const values = target.map((column) => {
    const name = quoteName(column.name);
    return `CAST(${isGiven.has(column.name.toLowerCase()) ? name : "NULL"} AS ${duckdbType(column)}) AS ${name}`;
  });
  return `SELECT ${values.join(", ")} FROM (${select}) AS inserted(${given.map(quoteName).join(", ")})`;
}

function unknownStatement(text: string): Error {
  const [first = ""] = text.trim().split("\n");
  return transformationErrors.create("transformation/statement", { because: `\`${first.slice(0, 80)}\`` });
}
