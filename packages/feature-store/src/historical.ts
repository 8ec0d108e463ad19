import type { Column } from "@millwright/kernel";
import { quoteName } from "@millwright/lakehouse";
import type { FeatureSelection } from "./definitions.ts";
import { expressionSql } from "./domain/expression.ts";
import { planFeatures, type FeaturePlan, type PlannedFeature, type StoredJoin } from "./domain/plan.ts";

export interface HistoricalRequest {
  /** A relation for FROM: the rows that features are asked for. */
  readonly population: string;
  /** The population's column that says when each row asks. */
  readonly timestamp: string;
  /** The population's columns that go with the features. */
  readonly keep: readonly string[];
  readonly selections: readonly FeatureSelection[];
  /** Column types of the views' tables, by table. */
  readonly columnsOf: (table: string) => readonly Column[];
  /** Types of the population's columns. */
  readonly populationColumns: readonly Column[];
  /** A condition on the population, over its columns. */
  readonly where?: string;
}

/**
 * One SELECT: the kept columns and every feature as it was known at the row's time. Of a view's rows for a key the newest
 * with `timestamp <= row's time` counts, and only if it is no older than the view's ttl. Features come as FLOAT.
 */
export function historicalSelect(request: HistoricalRequest): string {
  const plan = planFeatures(request.selections);
  const fields = [...new Set([...request.keep, request.timestamp, ...plan.fields.map(({ name }) => name)])];
  const population = `SELECT ${fields.map(quoteName).join(", ")} FROM ${request.population}${request.where === undefined ? "" : ` WHERE ${request.where}`}`;
  const joins = plan.joins.map((join) => joinSql(join, request.timestamp));
  const kept = request.keep.map((name) => `p.${quoteName(name)}`);
  const features = plan.features.map(
    (feature) => `${featureSql(feature, { plan, request })}::float AS ${quoteName(feature.name)}`,
  );
  return `SELECT ${[...kept, ...features].join(", ")} FROM (${population}) AS p ${joins.join(" ")}`;
}

function joinSql({ id, view, on, features }: StoredJoin, timestamp: string): string {
  const columns = [...new Set([...view.key, view.timestamp, ...features])].map(quoteName).join(", ");
  const keys = view.key.map((key, index) => `j${id}.${quoteName(key)} = p.${quoteName(on[index] ?? key)}`);
  const at = `p.${quoteName(timestamp)} >= j${id}.${quoteName(view.timestamp)}`;
  return `ASOF LEFT JOIN (SELECT ${columns} FROM main.${quoteName(view.from.name)}) AS j${id} ON ${[...keys, at].join(" AND ")}`;
}

interface Context {
  readonly plan: FeaturePlan;
  readonly request: HistoricalRequest;
}

function featureSql(planned: PlannedFeature, context: Context): string {
  if (planned.from === "stored") return storedSql(planned, context);
  return expressionSql(planned.expression, (name) => {
    const source = planned.resolve[name];
    if (source === undefined) throw new Error(`${planned.name} reads ${name}, which nothing gives`);
    if ("field" in source)
      return asDouble(`p.${quoteName(source.field)}`, typeIn(context.request.populationColumns, source.field));
    return storedSql(source, context);
  });
}

function storedSql(
  { join, feature }: { readonly join: number; readonly feature: string },
  { plan, request }: Context,
): string {
  const found = plan.joins[join];
  if (found === undefined) throw new Error(`no join ${join}`);
  const { view } = found;
  const value = asDouble(`j${join}.${quoteName(feature)}`, typeIn(request.columnsOf(view.from.name), feature));
  if (view.ttlMs === null) return value;
  const oldest = `p.${quoteName(request.timestamp)} - to_microseconds(${view.ttlMs * 1_000})`;
  return `CASE WHEN j${join}.${quoteName(view.timestamp)} >= ${oldest} THEN ${value} END`;
}

/** A column as a double: times as microseconds since the epoch. */
export function asDouble(sql: string, type: string): string {
  if (type === "timestamp" || type === "timestamptz") return `epoch_us(${sql})::double`;
  if (type === "date") return `epoch_us(${sql}::timestamp)::double`;
  return type === "double" ? sql : `${sql}::double`;
}

function typeIn(columns: readonly Column[], name: string): string {
  return columns.find((column) => column.name === name)?.type ?? "double";
}
