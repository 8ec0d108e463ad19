import { transformationErrors } from "../../errors.ts";
import type { DbtNode } from "../node.ts";
import { textOf } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";
import { columnName, contractedColumns, enforceContract, isUnderContract } from "./contract.ts";
import { insertIncrement } from "./incremental.ts";
import { existingKind, replaceRelation } from "./relations.ts";

/** Builds a model's relation from its SQL. The caller holds the transaction. */
export async function materialize(
  warehouse: Warehouse,
  node: DbtNode,
  { sql, isIncremental }: { readonly sql: string; readonly isIncremental: boolean },
): Promise<void> {
  const kind = textOf(node.config["materialized"], "view");
  if (isUnderContract(node)) await enforceContract(warehouse, node, sql);
  if (kind === "view")
    return replaceRelation(warehouse, node, { kind: "view", create: (name) => createView(warehouse, { name, sql }) });
  if (kind === "incremental" && isIncremental) return insertIncrement(warehouse, node, sql);
  if (kind === "table" || kind === "incremental")
    return replaceRelation(warehouse, node, {
      kind: "table",
      create: (name) => createTable(warehouse, node, { name, sql }),
    });
  throw transformationErrors.create("transformation/unknown-materialization", {
    because: `Compilation Error in model ${node.name} (${node.path})\n  No materialization '${kind}' was found for adapter ${warehouse.type}!`,
    where: { file: node.path },
  });
}

async function createView(
  warehouse: Warehouse,
  { name, sql }: { readonly name: string; readonly sql: string },
): Promise<void> {
  await warehouse.execute(`create view ${name} as (\n${sql}\n)`);
}

async function createTable(
  warehouse: Warehouse,
  node: DbtNode,
  { name, sql }: { readonly name: string; readonly sql: string },
): Promise<void> {
  if (!isUnderContract(node)) {
    await warehouse.execute(`create table ${name} as (\n${sql}\n)`);
    return;
  }
  await warehouse.execute(`create table ${name} (${contractedColumns(node)})`);
  const columns = node.columns.map(columnName).join(", ");
  await warehouse.execute(`insert into ${name} select ${columns} from (\n${sql}\n) as model_subq`);
}

/** Whether a model is built on top of what is there. */
export async function isIncrementalRun(
  warehouse: Warehouse,
  node: DbtNode,
  { fullRefresh }: { readonly fullRefresh: boolean },
): Promise<boolean> {
  if (node.config["materialized"] !== "incremental") return false;
  const asked = node.config["full_refresh"];
  if (typeof asked === "boolean" ? asked : fullRefresh) return false;
  return (await existingKind(warehouse, node)) === "table";
}
