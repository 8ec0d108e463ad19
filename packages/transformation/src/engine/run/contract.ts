import { quoteName } from "@millwright/lakehouse";
import { describeRelation } from "../adapter.ts";
import type { ColumnInfo, Constraint, DbtNode } from "../node.ts";
import { transformationErrors } from "../../errors.ts";
import { recordOf } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";

export function isUnderContract({ config }: DbtNode): boolean {
  return recordOf(config["contract"])["enforced"] === true;
}

/** Refuses a model whose query does not give the columns and types that its contract says. */
export async function enforceContract(warehouse: Warehouse, node: DbtNode, sql: string): Promise<void> {
  const untyped = node.columns.filter(({ dataType }) => dataType === null);
  if (untyped.length > 0 || node.columns.length === 0)
    throw broken(
      node,
      `Compilation Error in model ${node.name} (${node.path})\n  Contracted models require data_type to be defined for each column. Please ensure that the column name and data_type are defined within the YAML configuration for the ${untyped.map(({ name }) => `'${name}'`).join(", ")} column(s).`,
    );
  const given = await describeRelation(warehouse, `(\n${sql}\n) as contracted`);
  const nulls = node.columns.map(({ name, dataType }) => `cast(null as ${dataType ?? ""}) as ${quoteName(name)}`);
  const wanted = await describeRelation(warehouse, `(select ${nulls.join(", ")}) as contract`);
  const rows = mismatches(given, wanted);
  if (rows.length === 0) return;
  throw broken(
    node,
    `Compilation Error in model ${node.name} (${node.path})\n  This model has an enforced contract that failed.\n  Please ensure the name, data_type, and number of columns in your contract match the columns in your model's definition.\n\n${table(rows)}`,
  );
}

interface Typed {
  readonly name: string;
  readonly type: string;
}

function mismatches(given: readonly Typed[], wanted: readonly Typed[]): readonly (readonly string[])[] {
  const find = (columns: readonly Typed[], name: string) =>
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  const missing = given
    .filter(({ name }) => find(wanted, name) === undefined)
    .map(({ name, type }) => [name, type, "", "missing in contract"]);
  const others = wanted.flatMap(({ name, type }) => {
    const found = find(given, name);
    if (found === undefined) return [[name, "", type, "missing in definition"]];
    return found.type === type ? [] : [[name, found.type, type, "data type mismatch"]];
  });
  return [...missing, ...others].toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

function table(rows: readonly (readonly string[])[]): string {
  const header = ["column_name", "definition_type", "contract_type", "mismatch_reason"];
  const widths = header.map((title, index) => Math.max(title.length, ...rows.map((row) => (row[index] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `  | ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function broken(node: DbtNode, because: string): Error {
  return transformationErrors.create("transformation/dbt", { because, where: { file: node.path } });
}

/** The columns of a table under contract, with their constraints, as a CREATE TABLE has them. */
export function contractedColumns({ columns, constraints }: DbtNode): string {
  const own = columns.map((column) =>
    [columnName(column), column.dataType ?? "", ...column.constraints.map(columnConstraint)].join(" ").trim(),
  );
  const whole = constraints.map(tableConstraint).filter((text) => text !== "");
  return [...own, ...whole].join(", ");
}

export function columnName({ name, quote }: Pick<ColumnInfo, "name" | "quote">): string {
  return quote ? quoteName(name) : name;
}

function columnConstraint({ type, expression }: Constraint): string {
  const extra = expression ?? "";
  if (type === "check") return `check (${extra})`;
  if (type === "not_null") return `not null ${extra}`.trim();
  if (type === "unique") return `unique ${extra}`.trim();
  if (type === "primary_key") return `primary key ${extra}`.trim();
  return type === "foreign_key" ? `references ${extra}` : extra;
}

function tableConstraint({ type, expression, columns, name, to, toColumns }: Constraint): string {
  const prefix = name === null ? "" : `constraint ${name} `;
  const list = columns.join(", ");
  if (type === "check") return `${prefix}check (${expression ?? ""})`;
  if (type === "unique") return `${prefix}unique (${list})`;
  if (type === "primary_key") return `${prefix}primary key (${list})`;
  if (type === "foreign_key")
    return `${prefix}foreign key (${list}) references ${to === null ? (expression ?? "") : `${to} (${toColumns.join(", ")})`}`;
  return type === "custom" ? `${prefix}${expression ?? ""}` : "";
}
