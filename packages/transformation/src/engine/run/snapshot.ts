import { quoteName } from "@millwright/lakehouse";
import { transformationErrors } from "../../errors.ts";
import { describeRelation } from "../adapter.ts";
import type { DbtNode } from "../node.ts";
import { recordOf, textOf, textOrNull, textsOf } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";
import { existingKind, nameOf } from "./relations.ts";

/** The names of the columns that a snapshot adds. */
interface MetaColumns {
  readonly validFrom: string;
  readonly validTo: string;
  readonly id: string;
  readonly updatedAt: string;
  readonly isDeleted: string;
}

/** How a snapshot sees that a row has changed, and what becomes of one that is gone. */
interface Plan {
  readonly keys: readonly string[];
  readonly strategy: "timestamp" | "check";
  readonly updatedAt: string;
  readonly checkCols: readonly string[] | "all";
  readonly hardDeletes: "ignore" | "invalidate" | "new_record";
  /** What stands in `valid_to` of the row that holds now. */
  readonly current: string | null;
  readonly columns: MetaColumns;
}

const NOW = "now()::timestamp";

/** Takes a snapshot: rows that are new or changed are added, those that they follow are closed. */
export async function takeSnapshot(warehouse: Warehouse, node: DbtNode, sql: string): Promise<void> {
  const plan = planOf(node);
  if ((await existingKind(warehouse, node)) === undefined) {
    await warehouse.execute(`create table ${nameOf(node)} as (\n${firstRows(plan, sql)}\n)`);
    return;
  }
  const staged = `temp.main.${quoteName(`${node.alias}__dbt_tmp`)}`;
  await warehouse.execute(`drop table if exists ${staged}`);
  const [before, source] = [
    await describeRelation(warehouse, nameOf(node)),
    await describeRelation(warehouse, `(\n${sql}\n) as source`),
  ];
  const known = new Set(before.map(({ name }) => name.toLowerCase()));
  const changes = changedRows(plan, { sql, target: nameOf(node), source: source.map(({ name }) => name), known });
  await warehouse.execute(`create temporary table ${quoteName(`${node.alias}__dbt_tmp`)} as (\n${changes}\n)`);
  await mergeChanges(warehouse, node, { plan, staged, known });
  await warehouse.execute(`drop table if exists ${staged}`);
}

/**
 * The whole of a snapshot's table as one SELECT, for a table that is written anew rather than updated: the first rows, or
 * those that are there with what ends closed, and the new versions.
 */
export function snapshotSelect(
  node: DbtNode,
  {
    sql,
    target,
    before,
    source,
  }: {
    readonly sql: string;
    readonly target: string;
    /** Columns of the table as it is; undefined when there is none. */
    readonly before: readonly string[] | undefined;
    readonly source: readonly string[];
  },
): string {
  const plan = planOf(node);
  if (before === undefined) return firstRows(plan, sql);
  const known = new Set(before.map((name) => name.toLowerCase()));
  const { validTo, id } = plan.columns;
  const ends = `select ${id} as dbt_ended, max(${validTo}) as dbt_end from changes where dbt_change_type in ('update', 'delete') group by 1`;
  return `with changes as (${changedRows(plan, { sql, target, source, known })}),
ends as (${ends})
select held.* replace (case when ends.dbt_ended is not null and ${isOpen(plan, "held.")} then ends.dbt_end else held.${validTo} end as ${validTo})
from ${target} as held left join ends on ends.dbt_ended = held.${id}
union all by name
select * exclude (dbt_change_type) from changes where dbt_change_type = 'insert'`;
}

function planOf(node: DbtNode): Plan {
  const { config } = node;
  const strategy = textOf(config["strategy"]);
  const keys = textsOf(config["unique_key"]);
  const updatedAt = textOrNull(config["updated_at"]);
  if (strategy !== "timestamp" && strategy !== "check")
    throw wrong(node, `The specified strategy macro '${strategy}' was not found`);
  if (keys.length === 0) throw wrong(node, "Snapshots must be configured with a 'strategy' and 'unique_key'");
  if (strategy === "timestamp" && updatedAt === null)
    throw wrong(node, "A snapshot configured with the timestamp strategy must specify an 'updated_at' configuration");
  const checked = config["check_cols"];
  if (strategy === "check" && checked === undefined)
    throw wrong(node, "A snapshot configured with the check strategy must specify a check_cols configuration");
  return {
    keys,
    strategy,
    updatedAt: updatedAt ?? NOW,
    checkCols: checked === "all" ? "all" : textsOf(checked),
    hardDeletes: hardDeletesOf(node),
    current: textOrNull(config["dbt_valid_to_current"]),
    columns: metaColumns(recordOf(config["snapshot_meta_column_names"])),
  };
}

function hardDeletesOf(node: DbtNode): Plan["hardDeletes"] {
  const asked = textOrNull(node.config["hard_deletes"]);
  if (asked === null) return node.config["invalidate_hard_deletes"] === true ? "invalidate" : "ignore";
  if (asked === "ignore" || asked === "invalidate" || asked === "new_record") return asked;
  throw wrong(node, `Invalid setting for property hard_deletes: ${asked}`);
}

function metaColumns(names: Readonly<Record<string, unknown>>): MetaColumns {
  const name = (key: string) => textOf(names[key], key);
  return {
    validFrom: name("dbt_valid_from"),
    validTo: name("dbt_valid_to"),
    id: name("dbt_scd_id"),
    updatedAt: name("dbt_updated_at"),
    isDeleted: name("dbt_is_deleted"),
  };
}

function wrong({ name, path }: DbtNode, because: string): Error {
  return transformationErrors.create("transformation/dbt", {
    because: `Compilation Error in snapshot ${name} (${path})\n  ${because}`,
    where: { file: path },
  });
}

/** The key of one version of a row: what it is of and since when, hashed. */
function hashed(parts: readonly string[]): string {
  return `md5(${parts.map((part) => `coalesce(cast(${part} as varchar), '')`).join(" || '|' || ")})`;
}

function versionId({ keys, updatedAt }: Plan): string {
  return hashed([...keys, updatedAt]);
}

function openEnd({ updatedAt, current }: Plan): string {
  return `coalesce(nullif(${updatedAt}, ${updatedAt}), ${current ?? "null"})`;
}

function firstRows(plan: Plan, sql: string): string {
  const { columns, updatedAt, hardDeletes } = plan;
  const deleted = hardDeletes === "new_record" ? `, 'False' as ${columns.isDeleted}` : "";
  return `select *, ${versionId(plan)} as ${columns.id}, ${updatedAt} as ${columns.updatedAt}, ${updatedAt} as ${columns.validFrom}, ${openEnd(plan)} as ${columns.validTo}${deleted} from (\n${sql}\n) sbq`;
}

interface Sides {
  readonly sql: string;
  readonly target: string;
  /** The query's columns. */
  readonly source: readonly string[];
  /** The table's, in lower case. */
  readonly known: ReadonlySet<string>;
}

/** One row a change: `insert` a version, `update` or `delete` the end of one. */
function changedRows(plan: Plan, sides: Sides): string {
  const { columns, hardDeletes, keys, updatedAt } = plan;
  const keyed = keys.map((key, index) => `${key} as dbt_key_${index}`).join(", ");
  const joined = keys.map((_, index) => `held.dbt_key_${index} = source_data.dbt_key_${index}`).join(" and ");
  const changed = `(${rowChanged(plan, sides)}${hardDeletes === "new_record" ? ` or held.${columns.isDeleted} = 'True'` : ""})`;
  const plain = sides.source.map((name) => `source_data.${quoteName(name)}`).join(", ");
  const deleted = (text: string) => (hardDeletes === "new_record" ? `, ${text} as ${columns.isDeleted}` : "");
  const inserted = `select 'insert' as dbt_change_type, ${plain}, source_data.dbt_updated as ${columns.updatedAt}, source_data.dbt_updated as ${columns.validFrom}, source_data.dbt_open as ${columns.validTo}, source_data.dbt_version as ${columns.id}${deleted("'False'")}
from source_data left join held on ${joined} where held.dbt_key_0 is null or (held.dbt_key_0 is not null and ${changed})`;
  const updates = `select 'update' as dbt_change_type, ${plain}, source_data.dbt_updated, source_data.dbt_updated, source_data.dbt_updated, held.${columns.id}${deleted(`held.${columns.isDeleted}`)}
from source_data join held on ${joined} where ${changed}`;
  return `with snapshot_query as (\n${sides.sql}\n),
held as (select *, ${keyed} from ${sides.target} where ${isOpen(plan, "")}),
source_data as (select *, ${keyed}, ${updatedAt} as dbt_updated, ${openEnd(plan)} as dbt_open, ${versionId(plan)} as dbt_version from snapshot_query)
${[inserted, updates, ...goneRows(plan, sides, joined)].join("\nunion all\n")}`;
}

function isOpen({ columns, current }: Plan, prefix: string): string {
  const end = `${prefix}${columns.validTo}`;
  return current === null ? `${end} is null` : `(${end} = ${current} or ${end} is null)`;
}

function rowChanged({ strategy, updatedAt, checkCols, columns }: Plan, { source, known }: Sides): string {
  if (strategy === "timestamp") return `held.${columns.validFrom} < source_data.${updatedAt}`;
  const checked = checkCols === "all" ? source : checkCols;
  const isAdded = checked.some((name) => !known.has(name.toLowerCase()));
  if (isAdded) return "true";
  return checked.map((name) => `held.${quoteName(name)} is distinct from source_data.${quoteName(name)}`).join(" or ");
}

/** Rows of the table that the query does not have any more. */
function goneRows(
  { hardDeletes, columns, ...plan }: Plan,
  { source, known }: Sides,
  joined: string,
): readonly string[] {
  if (hardDeletes === "ignore") return [];
  const gone = `from held left join source_data on ${joined} where source_data.dbt_key_0 is null`;
  const nulls = source.map((name) => `source_data.${quoteName(name)}`).join(", ");
  const isNew = hardDeletes === "new_record";
  const notYet = isNew ? ` and not (held.${columns.isDeleted} = 'True')` : "";
  const ended = `select 'delete', ${nulls}, ${NOW}, ${NOW}, ${NOW}, held.${columns.id}${isNew ? `, held.${columns.isDeleted}` : ""} ${gone}${notYet}`;
  if (!isNew) return [ended];
  const kept = source
    .map((name) => `${known.has(name.toLowerCase()) ? "held" : "source_data"}.${quoteName(name)}`)
    .join(", ");
  const end = plan.current ?? "null";
  const record = `select 'insert', ${kept}, ${NOW}, ${NOW}, ${end}, ${hashed([`held.${columns.id}`, NOW])}, 'True' ${gone}${notYet}`;
  return [ended, record];
}

async function mergeChanges(
  warehouse: Warehouse,
  node: DbtNode,
  { plan, staged, known }: { readonly plan: Plan; readonly staged: string; readonly known: ReadonlySet<string> },
): Promise<void> {
  const { columns } = plan;
  const all = (await describeRelation(warehouse, staged)).filter(({ name }) => name !== "dbt_change_type");
  for (const { name, type } of all)
    if (!known.has(name.toLowerCase()))
      await warehouse.execute(`alter table ${nameOf(node)} add column ${quoteName(name)} ${type}`);
  await warehouse.execute(
    `update ${nameOf(node)} as held set ${columns.validTo} = change.${columns.validTo} from ${staged} as change where change.${columns.id}::text = held.${columns.id}::text and change.dbt_change_type in ('update', 'delete') and ${isOpen(plan, "held.")}`,
  );
  const list = all.map(({ name }) => quoteName(name)).join(", ");
  await warehouse.execute(
    `insert into ${nameOf(node)} (${list}) select ${list} from ${staged} where dbt_change_type = 'insert'`,
  );
}
