import type { Column } from "@millwright/kernel";
import { quoteName } from "@millwright/lakehouse";
import type { FeatureSelection, FeatureViewData } from "./definitions.ts";
import { expressionSql } from "./domain/expression.ts";
import { planFeatures, type FeaturePlan, type PlannedFeature, type StoredJoin } from "./domain/plan.ts";
import { countedSql } from "./history/counted.ts";
import { instantSql, knownRows } from "./history/known-rows.ts";

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
 * with `timestamp <= row's time` counts, and only if it is no older than the view's ttl; where rows say when they were written, none counts before it was. What
 * is missing or too old is as the view says. Features come as FLOAT.
 */
export function historicalSelect(request: HistoricalRequest): string {
  const plan = planFeatures(request.selections);
  const fields = [...new Set([...request.keep, request.timestamp, ...plan.fields.map(({ name }) => name)])];
  const population = `SELECT ${fields.map(quoteName).join(", ")} FROM ${request.population}${request.where === undefined ? "" : ` WHERE ${request.where}`}`;
  const joins = plan.joins.map((join) => joinSql(join, request));
  const kept = request.keep.map((name) => `p.${quoteName(name)}`);
  const features = plan.features.map(
    (feature) => `${featureSql(feature, { plan, request })}::float AS ${quoteName(feature.name)}`,
  );
  return `SELECT ${[...kept, ...features].join(", ")} FROM (${population}) AS p ${joins.join(" ")}`;
}

function joinSql(join: StoredJoin, { timestamp, columnsOf, populationColumns }: HistoricalRequest): string {
  const { id, view, on, features } = join;
  const keys = view.key.map((key, index) => `j${id}.${quoteName(key)} = p.${quoteName(on[index] ?? key)}`);
  if (isWritten(view)) {
    const rows = knownRows(join, { columnsOf, laterCreated: false });
    const at = instantSql(`p.${quoteName(timestamp)}`, typeIn(populationColumns, timestamp));
    return `ASOF LEFT JOIN (${rows}) AS j${id} ON ${[...keys, `${at} >= j${id}."mill known"`].join(" AND ")}`;
  }
  const columns = [...new Set([...view.key, view.timestamp, ...features])].map(quoteName).join(", ");
  const at = `p.${quoteName(timestamp)} >= j${id}.${quoteName(view.timestamp)}`;
  return `ASOF LEFT JOIN (SELECT ${columns} FROM main.${quoteName(view.from.name)}) AS j${id} ON ${[...keys, at].join(" AND ")}`;
}

/** Whether a view's rows say when they were written. */
function isWritten(view: FeatureViewData): boolean {
  return (view.created ?? null) !== null;
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
  const asked = `p.${quoteName(request.timestamp)}`;
  const time = isWritten(view)
    ? { rowTime: `j${join}."mill at"`, at: instantSql(asked, typeIn(request.populationColumns, request.timestamp)) }
    : { rowTime: `j${join}.${quoteName(view.timestamp)}`, at: asked };
  return countedSql({ view, feature, value, ...time, type: "double" });
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
