import { quoteName } from "@millwright/lakehouse";
import { transformationErrors } from "../../errors.ts";
import { describeRelation } from "../adapter.ts";
import type { DbtNode } from "../node.ts";
import { textOf, textOrNull, textsOf } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";
import { nameOf } from "./relations.ts";

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Adds a model's new rows to its table, by the strategy that it is configured for. */
export async function insertIncrement(warehouse: Warehouse, node: DbtNode, sql: string): Promise<void> {
  const staged = quoteName(`${node.alias}__dbt_tmp`);
  await warehouse.execute(`drop table if exists temp.${staged}`);
  await warehouse.execute(`create temporary table ${staged} as (\n${sql}\n)`);
  try {
    const columns = await reconcileColumns(warehouse, node, `temp.main.${staged}`);
    const increment = {
      node,
      staged: `temp.main.${staged}`,
      columns,
      keys: textsOf(node.config["unique_key"]),
      predicates: predicatesOf(node),
    };
    for (const statement of statementsOf(increment)) await warehouse.execute(statement);
  } finally {
    await warehouse.execute(`drop table if exists temp.${staged}`).catch(() => undefined);
  }
}

function predicatesOf({ config }: DbtNode): readonly string[] {
  return textsOf(config["incremental_predicates"] ?? config["predicates"]);
}

/** What happens when the query's columns are not the table's: `on_schema_change`. Answers the columns to insert. */
async function reconcileColumns(warehouse: Warehouse, node: DbtNode, staged: string): Promise<readonly string[]> {
  const rule = textOf(node.config["on_schema_change"], "ignore");
  const [target, source] = [await describeRelation(warehouse, nameOf(node)), await describeRelation(warehouse, staged)];
  const names = (columns: readonly Column[]) => columns.map(({ name }) => name);
  if (rule === "ignore") return names(target);
  const added = without(source, target);
  const removed = without(target, source);
  const retyped = source.filter(({ name, type }) =>
    target.some((other) => same(other.name, name) && other.type !== type),
  );
  if (added.length + removed.length + retyped.length === 0) return names(source);
  if (rule === "fail") throw outOfSync(node, { added, removed, retyped });
  for (const { name, type } of added)
    await warehouse.execute(`alter table ${nameOf(node)} add column ${quoteName(name)} ${type}`);
  if (rule === "append_new_columns") return names(source);
  if (rule !== "sync_all_columns") throw unknownRule(node, rule);
  for (const { name } of removed) await warehouse.execute(`alter table ${nameOf(node)} drop column ${quoteName(name)}`);
  for (const { name, type } of retyped)
    await warehouse.execute(`alter table ${nameOf(node)} alter column ${quoteName(name)} type ${type}`);
  return names(source);
}

function without(columns: readonly Column[], others: readonly Column[]): readonly Column[] {
  return columns.filter(({ name }) => !others.some((other) => same(other.name, name)));
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

interface Difference {
  readonly added: readonly Column[];
  readonly removed: readonly Column[];
  readonly retyped: readonly Column[];
}

function outOfSync(node: DbtNode, { added, removed, retyped }: Difference): Error {
  const listed = (columns: readonly Column[]) => `[${columns.map(({ name, type }) => `${name} ${type}`).join(", ")}]`;
  return refusal(
    node,
    `The source and target schemas on this incremental model are out of sync!\n  They can be reconciled in several ways:\n    - set the \`on_schema_change\` config to either append_new_columns or sync_all_columns, depending on your situation.\n    - Re-run the incremental model with \`full_refresh: True\` to update the target schema.\n    - update the schema manually and re-run the process.\n\n  Source columns not in target: ${listed(added)}\n  Target columns not in source: ${listed(removed)}\n  New column types: ${listed(retyped)}`,
  );
}

function unknownRule(node: DbtNode, rule: string): Error {
  return refusal(
    node,
    `invalid value for on_schema_change (${rule}) specified: use ignore, append_new_columns, sync_all_columns or fail`,
  );
}

function refusal({ name, path }: DbtNode, because: string): Error {
  return transformationErrors.create("transformation/dbt", {
    because: `Compilation Error in model ${name} (${path})\n  ${because}`,
    where: { file: path },
  });
}

interface Increment {
  readonly node: DbtNode;
  readonly staged: string;
  readonly columns: readonly string[];
  readonly keys: readonly string[];
  readonly predicates: readonly string[];
}

function statementsOf(increment: Increment): readonly string[] {
  const { node, keys } = increment;
  const strategy = textOrNull(node.config["incremental_strategy"]) ?? (keys.length > 0 ? "delete+insert" : "append");
  if (strategy === "append") return [insertAll(increment)];
  if (strategy === "delete+insert") return [...deleteKnown(increment), insertAll(increment)];
  if (strategy === "merge") return [merge(increment)];
  if (strategy === "microbatch") return [deleteBatch(increment), insertAll(increment)];
  throw refusal(
    node,
    `dbt could not find an incremental strategy macro with the name 'get_incremental_${strategy}_sql'`,
  );
}

function insertAll({ node, staged, columns }: Increment): string {
  const list = columns.map(quoteName).join(", ");
  return `insert into ${nameOf(node)} (${list}) (select ${list} from ${staged})`;
}

function deleteKnown({ node, staged, keys, predicates }: Increment): readonly string[] {
  if (keys.length === 0) return [];
  const more = predicates.map((predicate) => ` and ${predicate}`).join("");
  const match = keys.map((key) => `DBT_INTERNAL_SOURCE.${key} = DBT_INTERNAL_DEST.${key}`).join(" and ");
  return [
    `delete from ${nameOf(node)} as DBT_INTERNAL_DEST where exists (select 1 from ${staged} as DBT_INTERNAL_SOURCE where ${match})${more}`,
  ];
}

/** A batch replaces the time that it covers. */
function deleteBatch({ node, staged }: Increment): string {
  const time = textOf(node.config["event_time"]);
  const size = textOf(node.config["batch_size"], "day");
  return `delete from ${nameOf(node)} where date_trunc('${size}', ${time}) in (select distinct date_trunc('${size}', ${time}) from ${staged})`;
}

function merge({ node, staged, columns, keys, predicates }: Increment): string {
  if (keys.length === 0) return insertAll({ node, staged, columns, keys, predicates });
  const matched = keys.map((key) => `DBT_INTERNAL_SOURCE.${key} = DBT_INTERNAL_DEST.${key}`);
  const list = columns.map(quoteName);
  const sets = updated(node, columns).map((name) => `${quoteName(name)} = DBT_INTERNAL_SOURCE.${quoteName(name)}`);
  const update = sets.length === 0 ? "" : ` when matched then update set ${sets.join(", ")}`;
  return `merge into ${nameOf(node)} as DBT_INTERNAL_DEST using ${staged} as DBT_INTERNAL_SOURCE on (${[...matched, ...predicates].map((part) => `(${part})`).join(" and ")})${update} when not matched then insert (${list.join(", ")}) values (${list.map((name) => `DBT_INTERNAL_SOURCE.${name}`).join(", ")})`;
}

function updated({ config }: DbtNode, columns: readonly string[]): readonly string[] {
  const [only, except] = [textsOf(config["merge_update_columns"]), textsOf(config["merge_exclude_columns"])];
  if (only.length > 0) return columns.filter((name) => only.some((other) => same(other, name)));
  return columns.filter((name) => !except.some((other) => same(other, name)));
}
