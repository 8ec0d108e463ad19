import { quoteName } from "@millwright/lakehouse";
import { listRelations } from "../adapter.ts";
import type { DbtNode } from "../node.ts";
import type { Warehouse } from "../warehouse.ts";

/** A relation's name in SQL, from its parts. */
export function nameOf(
  { database, schema, alias }: Pick<DbtNode, "database" | "schema" | "alias">,
  suffix = "",
): string {
  return [database, schema, `${alias}${suffix}`].map(quoteName).join(".");
}

/** What stands under a node's name now. */
export async function existingKind(
  warehouse: Warehouse,
  { schema, alias }: DbtNode,
): Promise<"table" | "view" | undefined> {
  const all = await listRelations(warehouse, schema);
  return all.find(({ identifier }) => identifier.toLowerCase() === alias.toLowerCase())?.kind;
}

export async function inTransaction<Result>(warehouse: Warehouse, work: () => Promise<Result>): Promise<Result> {
  await warehouse.execute("begin");
  try {
    const result = await work();
    await warehouse.execute("commit");
    return result;
  } catch (error) {
    await warehouse.execute("rollback").catch(() => undefined);
    throw error;
  }
}

/** Makes a relation under a name of its own, then puts it in the place of what was there. */
export async function replaceRelation(
  warehouse: Warehouse,
  node: DbtNode,
  { kind, create }: { readonly kind: "table" | "view"; readonly create: (name: string) => Promise<void> },
): Promise<void> {
  const before = await existingKind(warehouse, node);
  const made = nameOf(node, "__dbt_tmp");
  await warehouse.execute(`drop ${kind} if exists ${made} cascade`);
  await create(made);
  if (before !== undefined) await warehouse.execute(`drop ${before} if exists ${nameOf(node)} cascade`);
  await warehouse.execute(`alter ${kind} ${made} rename to ${quoteName(node.alias)}`);
}
