import type { Column } from "@millwright/kernel";
import { quoteName } from "@millwright/lakehouse";
import type { FeatureSelection, FeatureViewData } from "./definitions.ts";
import { expressionSql } from "./domain/expression.ts";
import { planFeatures, sourceAsItIs, type FeaturePlan, type PlannedFeature, type StoredJoin } from "./domain/plan.ts";
import { countedSql } from "./history/counted.ts";
import { instantSql, knownRows } from "./history/known-rows.ts";

export interface HistoricalRequest {
  /** A relation for FROM: the rows that features are asked for. */
  readonly population: string;
  /** The population's column that says when each row asks; only features of the row itself can do without. */
  readonly timestamp?: string;
  /** The population's columns that go with the features. */
  readonly keep: readonly string[];
  readonly selections: readonly FeatureSelection[];
  /** Column types of the views' tables, by table. */
  readonly columnsOf: (table: string) => readonly Column[];
  /** Types of the population's columns. */
  readonly populationColumns: readonly Column[];
  /** A condition on the population, over its columns. */
  readonly where?: string;
  /** Tables that are known to have only a few rows for each key of their views. */
  readonly fewRowsAKey?: ReadonlySet<string>;
  /** A column that numbers the rows from 0, in the order of columns of the population; rows that are equal in them in any. */
  readonly numbered?: { readonly as: string; readonly by: readonly string[] };
}

/**
 * One SELECT: the kept columns and every feature as it was known at the row's time. Of a view's rows for a key the newest
 * with `timestamp <= row's time` counts, and only if it is no older than the view's ttl; where rows say when they were
 * written, none counts before it was. What is missing or too old is as the view says. Features come as FLOAT,
 * those that are a text as it is as VARCHAR.
 *
 * An as-of join sorts both of its sides, whole rows with long keys slowly. So the population is numbered, each set of key
 * columns gets a small integer a key, the joins of a set go over (number, integer, time) alone, and what they found meets
 * its row by number. A view of few rows a key is looked up by key, each row with the time until which it counts, and sorts
 * nothing.
 */
export function historicalSelect(request: HistoricalRequest): string {
  const plan = planFeatures(request.selections);
  const kept = request.keep.map((name) => `p.${quoteName(name)}`);
  const features = plan.features.map(
    (feature) =>
      `${textSql(feature, { plan, request }) ?? `${featureSql(feature, { plan, request })}::float`} AS ${quoteName(feature.name)}`,
  );
  const sets = keySets(plan);
  const fields = [...new Set([...request.keep, ...timeOf(request), ...plan.fields.map(({ name }) => name)])];
  const where = request.where === undefined ? "" : ` WHERE ${request.where}`;
  const { numbered } = request;
  const order = numbered === undefined ? "" : `ORDER BY ${numbered.by.map(quoteName).join(", ")}`;
  const number = numbered === undefined ? [] : [`p.n_ - 1 AS ${quoteName(numbered.as)}`];
  const population = `SELECT row_number() OVER (${order})::int AS n_, ${fields.map(quoteName).join(", ")} FROM ${request.population}${where}`;
  const parts = [
    `population_ AS MATERIALIZED (${population})`,
    ...sets.flatMap((set, index) => keySetParts(set, { index, request })),
  ];
  const found = sets.map((_, index) => `JOIN found${index}_ AS s${index} ON s${index}.n_ = p.n_`);
  return `WITH ${parts.join(", ")} SELECT ${[...kept, ...features, ...number].join(", ")} FROM population_ AS p ${found.join(" ")}`;
}

function timeOf({ timestamp }: HistoricalRequest): readonly string[] {
  return timestamp === undefined ? [] : [timestamp];
}

/** The joins that look the same columns of the row up. */
function keySets({ joins }: FeaturePlan): readonly (readonly StoredJoin[])[] {
  return [...Map.groupBy(joins, ({ on }) => on.join("\u0000")).values()];
}

/** A set's keys with their integers, the rows that ask by integer, and what its joins find, one after the other. */
function keySetParts(
  joins: readonly StoredJoin[],
  { index, request }: { readonly index: number; readonly request: HistoricalRequest },
): readonly string[] {
  const on = (joins[0]?.on ?? []).map(quoteName);
  const keys = on.map((column, place) => `${column} AS k${place}`);
  const equal = on.map((column, place) => `keys.k${place} = p.${column}`).join(" AND ");
  const time = timeOf(request).map(quoteName).join("");
  const asking = `SELECT p.n_, keys.key_, p.${time} AS at_ FROM population_ AS p LEFT JOIN keys${index}_ AS keys ON ${equal}`;
  const found = joins.reduce((rows, join) => joinSql({ rows, join, set: index }, request), asking);
  return [
    `keys${index}_ AS MATERIALIZED (SELECT *, row_number() OVER ()::int AS key_ FROM (SELECT DISTINCT ${keys.join(", ")} FROM population_))`,
    `found${index}_ AS (${found})`,
  ];
}

/** The rows so far, and what one more view knew at their time. */
function joinSql(
  { rows, join, set }: { readonly rows: string; readonly join: StoredJoin; readonly set: number },
  request: HistoricalRequest,
): string {
  const { timestamp = "", columnsOf, populationColumns } = request;
  const { id, view, features } = join;
  const written = isWritten(view);
  const source = written
    ? `(${knownRows(join, { columnsOf, laterCreated: false })})`
    : `main.${quoteName(view.from.name)}`;
  const [since, rowTime] = written
    ? [`"mill known"`, `"mill at"`]
    : [quoteName(view.timestamp), quoteName(view.timestamp)];
  const equal = view.key.map((key, place) => `keys.k${place} = v.${quoteName(key)}`).join(" AND ");
  const columns = features.map((feature) => `v.${quoteName(feature)}`);
  const known = `SELECT keys.key_, v.${since} AS since_, v.${rowTime} AS row_at_, ${columns.join(", ")} FROM ${source} AS v JOIN keys${set}_ AS keys ON ${equal}`;
  const at = written ? instantSql("asked.at_", typeIn(populationColumns, timestamp)) : "asked.at_";
  const found = features.map((feature) => {
    const type = typeIn(columnsOf(view.from.name), feature);
    const value = `known.${quoteName(feature)}`;
    return `${countedSql({ view, feature, value, rowTime: "known.row_at_", at, type })} AS ${foundName(id, feature)}`;
  });
  const on = `known.key_ = asked.key_ AND ${at} >= known.since_`;
  const select = `SELECT asked.*, ${found.join(", ")} FROM (${rows}) AS asked`;
  if (!hasFewRowsAKey(join, request)) return `${select} ASOF LEFT JOIN (${known}) AS known ON ${on}`;
  return `${select} LEFT JOIN (${withUntil(known)}) AS known ON ${on} AND ${at} < known.until_`;
}

/** Each known row with the time from which the next one of its key counts. */
function withUntil(known: string): string {
  const next = "lead(since_) OVER (PARTITION BY key_ ORDER BY since_)";
  return `SELECT *, coalesce(${next}, TIMESTAMP 'infinity') AS until_ FROM (${known}) WHERE since_ IS NOT NULL`;
}

function hasFewRowsAKey({ view }: StoredJoin, { columnsOf, fewRowsAKey }: HistoricalRequest): boolean {
  if (fewRowsAKey?.has(view.from.name) !== true) return false;
  return isWritten(view) || typeIn(columnsOf(view.from.name), view.timestamp) === "timestamp";
}

/** Whether a view's rows say when they were written. */
function isWritten(view: FeatureViewData): boolean {
  return (view.created ?? null) !== null;
}

function foundName(join: number, feature: string): string {
  return quoteName(`${join}.${feature}`);
}

interface Context {
  readonly plan: FeaturePlan;
  readonly request: HistoricalRequest;
}

/** A feature that is text; undefined for any other. */
function textSql(planned: PlannedFeature, context: Context): string | undefined {
  const source = sourceAsItIs(planned);
  if (source === undefined) return undefined;
  if ("join" in source) {
    const stored = storedColumn(source, context);
    return stored.type === "string" ? stored.sql : undefined;
  }
  if (typeIn(context.request.populationColumns, source.field) !== "string") return undefined;
  return `p.${quoteName(source.field)}`;
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

function storedSql(stored: StoredFeature, context: Context): string {
  const { sql, type } = storedColumn(stored, context);
  return asDouble(sql, type);
}

interface StoredFeature {
  readonly join: number;
  readonly feature: string;
}

function storedColumn({ join, feature }: StoredFeature, { plan, request }: Context) {
  const set = keySets(plan).findIndex((joins) => joins.some(({ id }) => id === join));
  const view = plan.joins[join]?.view;
  if (view === undefined) throw new Error(`no join ${join}`);
  return { sql: `s${set}.${foundName(join, feature)}`, type: typeIn(request.columnsOf(view.from.name), feature) };
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
