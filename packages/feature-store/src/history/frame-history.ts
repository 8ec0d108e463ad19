import type { Column } from "@millwright/kernel";
import { duckdbType, quoteName } from "@millwright/lakehouse";
import type { FeatureSelection, FeatureViewData } from "../definitions.ts";
import { expressionSql } from "../domain/expression.ts";
import { planFeatures, type FeaturePlan, type PlannedFeature, type StoredJoin } from "../domain/plan.ts";
import { featureErrors } from "../errors.ts";
import { asDouble } from "../historical.ts";
import { ROW_COLUMN, wrongFrame, type EntityFrame } from "./entity-frame.ts";

export interface FrameHistoryRequest {
  readonly frame: EntityFrame;
  /** The frame's column that says when each row asks. */
  readonly timestamp: string;
  readonly selections: readonly FeatureSelection[];
  /** Column types of the views' tables, by table. */
  readonly columnsOf: (table: string) => readonly Column[];
  /** Also rows of a view that were written down after the time asked about, as Feast does unless told otherwise. */
  readonly laterCreated: boolean;
}

export interface FrameHistory {
  /** The frame's columns and then the features, in the frame's order. Times of asking come as timestamptz. */
  readonly select: string;
  readonly columns: readonly Column[];
}

/**
 * One SELECT: every row of the frame, as it is and where it is, with each feature as it was known at the row's time, in
 * the feature's own type. Of a view's rows for a key the newest with `timestamp <= row's time` counts, whatever it holds,
 * and only if it is no older than the view's ttl; both ends belong to it, to the microsecond. Times without a zone are UTC.
 */
export function frameHistory(request: FrameHistoryRequest): FrameHistory {
  const plan = planFeatures(request.selections);
  const { frame, timestamp } = request;
  requireColumns(frame, [timestamp, ...plan.fields.map(({ name }) => name)]);
  const names = plan.features.map(({ name }) => name);
  refuseCollisions([...frame.columns.map(({ name }) => name), ...names]);
  const select = [
    ...frame.columns.map(({ name }) =>
      name === timestamp ? `make_timestamptz(epoch_us(p."mill at")) AS ${quoteName(name)}` : `p.${quoteName(name)}`,
    ),
    ...plan.features.map((feature) => `${featureSql(feature, { plan, request })} AS ${quoteName(feature.name)}`),
  ];
  const joins = plan.joins.map((join) => joinSql(join, request));
  return {
    select: `SELECT ${select.join(", ")} FROM (${asking(request, plan)}) AS p ${joins.join(" ")} ORDER BY p.${quoteName(ROW_COLUMN)}`,
    columns: [
      ...frame.columns.map((column) => (column.name === timestamp ? { ...column, type: "timestamptz" } : column)),
      ...plan.features.map((feature) => ({ name: feature.name, type: typeOfFeature(feature, { plan, request }) })),
    ],
  };
}

function requireColumns({ columns }: EntityFrame, needed: readonly string[]): void {
  const known = new Set(columns.map(({ name }) => name));
  const missing = [...new Set(needed)].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  throw featureErrors.create("features/missing-column", {
    because: `it has no ${missing.join(", ")}, only ${[...known].join(", ")}`,
    details: { missing },
  });
}

function refuseCollisions(names: readonly string[]): void {
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length === 0) return;
  throw featureErrors.create("features/name-collision", { because: [...new Set(twice)].join(", ") });
}

/** The frame with each row's time, in microseconds of UTC, and its keys in types that compare with the views'. */
function asking({ frame, timestamp, columnsOf }: FrameHistoryRequest, plan: FeaturePlan): string {
  const read: Record<string, string> = {};
  for (const { view, on } of plan.joins) {
    view.key.forEach((key, index) => {
      const field = on[index] ?? key;
      const wanted = columnIn(columnsOf(view.from.name), key, view);
      if (!frame.typed) read[field] = duckdbType(wanted);
      else refuseOtherKind(columnIn(frame.columns, field, view), wanted);
    });
  }
  const time = frame.columns.find(({ name }) => name === timestamp);
  if (!frame.typed) read[timestamp] = "VARCHAR";
  const at = instantSql(quoteName(timestamp), frame.typed ? (time?.type ?? "string") : "string");
  return `SELECT *, ${at} AS "mill at" FROM (${frame.select(read)})`;
}

/** An instant as a TIMESTAMP of UTC, from a time of any kind, ISO text, or milliseconds since 1970. */
function instantSql(sql: string, type: string): string {
  if (type === "timestamp" || type === "timestamptz") return `make_timestamp(epoch_us(${sql}))`;
  if (type === "date") return `${sql}::timestamp`;
  if (type === "int" || type === "long") return `make_timestamp(${sql}::bigint * 1000)`;
  if (type === "string") return `make_timestamp(epoch_us(${sql}::timestamptz))`;
  throw wrongFrame(`${sql} is ${type}, which is no time`);
}

const KINDS: Readonly<Record<string, string>> = {
  int: "number",
  long: "number",
  float: "number",
  double: "number",
  uuid: "string",
  timestamptz: "timestamp",
};

function kindOf(type: string): string {
  return type.startsWith("decimal") ? "number" : (KINDS[type] ?? type);
}

function refuseOtherKind(given: Column, wanted: Column): void {
  if (kindOf(given.type) === kindOf(wanted.type)) return;
  throw wrongFrame(`the key ${given.name} is ${given.type} in the frame and ${wanted.type} in the view`);
}

function joinSql(join: StoredJoin, request: FrameHistoryRequest): string {
  const { id, view, on } = join;
  const keys = view.key.map((key, index) => `j${id}.${quoteName(key)} = p.${quoteName(on[index] ?? key)}`);
  const known = `p."mill at" >= j${id}."mill known"`;
  return `ASOF LEFT JOIN (${knownRows(join, request)}) AS j${id} ON ${[...keys, known].join(" AND ")}`;
}

/**
 * A view's rows, one a key and `mill known`: the time from which the row is the one that counts. Where rows say when they
 * were written, a row is known from the later of its two times; one that is known only when a newer row already is never
 * counts, so that what remains is in order of both and the newest known row is the newest row known.
 */
function knownRows({ view, features }: StoredJoin, { columnsOf, laterCreated }: FrameHistoryRequest): string {
  const columns = columnsOf(view.from.name);
  const instant = (name: string) => instantSql(quoteName(name), columnIn(columns, name, view).type);
  const written = view.created === null ? "NULL::timestamp" : instant(view.created);
  for (const feature of features) columnIn(columns, feature, view);
  const taken = [...new Set([...view.key, ...features])].map(quoteName);
  const keys = view.key.map(quoteName).join(", ");
  // Ties that no time breaks are broken by what the rows hold, so that the same rows always give the same answer.
  const last = [
    `"mill at" DESC`,
    `"mill written" DESC NULLS LAST`,
    ...features.map((name) => `${quoteName(name)} DESC`),
  ];
  const rows = `SELECT ${taken.join(", ")}, ${instant(view.timestamp)} AS "mill at", ${written} AS "mill written" FROM main.${quoteName(view.from.name)}`;
  const isLast = `row_number() OVER (PARTITION BY ${keys}, "mill known" ORDER BY ${last.join(", ")}) = 1`;
  if (view.created === null || laterCreated)
    return `SELECT *, "mill at" AS "mill known" FROM (${rows}) WHERE "mill at" IS NOT NULL QUALIFY ${isLast}`;
  const ranked = `SELECT *, greatest("mill at", "mill written") AS "mill known", rank() OVER (PARTITION BY ${keys} ORDER BY "mill at", "mill written") AS "mill rank" FROM (${rows}) WHERE "mill at" IS NOT NULL AND "mill written" IS NOT NULL`;
  const newest = `"mill rank" = max("mill rank") OVER (PARTITION BY ${keys} ORDER BY "mill known" RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
  return `SELECT * FROM (${ranked}) QUALIFY ${newest} AND ${isLast}`;
}

interface Context {
  readonly plan: FeaturePlan;
  readonly request: FrameHistoryRequest;
}

type Stored = { readonly join: number; readonly feature: string };

function featureSql(planned: PlannedFeature, context: Context): string {
  if (planned.from === "stored") return storedSql(planned, context);
  return expressionSql(planned.expression, (name) => {
    const source = planned.resolve[name];
    if (source === undefined) throw new Error(`${planned.name} reads ${name}, which nothing gives`);
    if ("field" in source) return fieldSql(source.field, context.request);
    return asDouble(storedSql(source, context), storedType(source, context));
  });
}

function fieldSql(field: string, { frame, timestamp }: FrameHistoryRequest): string {
  if (field === timestamp) return `epoch_us(p."mill at")::double`;
  const type = frame.columns.find(({ name }) => name === field)?.type ?? "double";
  return asDouble(`p.${quoteName(field)}`, type);
}

function storedSql({ join, feature }: Stored, { plan }: Context): string {
  const value = `j${join}.${quoteName(feature)}`;
  const ttlMs = plan.joins[join]?.view.ttlMs ?? null;
  if (ttlMs === null) return value;
  return `CASE WHEN j${join}."mill at" >= p."mill at" - to_microseconds(${ttlMs * 1_000}) THEN ${value} END`;
}

function storedType({ join, feature }: Stored, { plan, request }: Context): string {
  const view = plan.joins[join]?.view;
  return view === undefined ? "double" : columnIn(request.columnsOf(view.from.name), feature, view).type;
}

function typeOfFeature(planned: PlannedFeature, context: Context): string {
  return planned.from === "stored" ? storedType(planned, context) : "double";
}

function columnIn(columns: readonly Column[], name: string, view: FeatureViewData): Column {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw featureErrors.create("features/unknown-column", {
    because: `${view.name}: there is no column ${name} among ${columns.map((column) => column.name).join(", ") || "none: the table was not made yet"}`,
  });
}
