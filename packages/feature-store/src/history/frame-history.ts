import type { Column } from "@millwright/kernel";
import { duckdbType, quoteName } from "@millwright/lakehouse";
import type { FeatureSelection } from "../definitions.ts";
import { expressionSql } from "../domain/expression.ts";
import { planFeatures, sourceAsItIs, type FeaturePlan, type PlannedFeature, type StoredJoin } from "../domain/plan.ts";
import { featureErrors } from "../errors.ts";
import { asDouble } from "../historical.ts";
import { ROW_COLUMN, wrongFrame, type EntityFrame } from "./entity-frame.ts";
import { columnIn, instantSql, knownRows } from "./known-rows.ts";
import { countedSql } from "./counted.ts";

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

interface Context {
  readonly plan: FeaturePlan;
  readonly request: FrameHistoryRequest;
}

type Stored = { readonly join: number; readonly feature: string };

function featureSql(planned: PlannedFeature, context: Context): string {
  if (planned.from === "stored") return storedSql(planned, context);
  const text = textSql(planned, context);
  if (text !== undefined) return text;
  return expressionSql(planned.expression, (name) => {
    const source = planned.resolve[name];
    if (source === undefined) throw new Error(`${planned.name} reads ${name}, which nothing gives`);
    if ("field" in source) return fieldSql(source.field, context.request);
    return asDouble(storedSql(source, context), storedType(source, context));
  });
}

/** A feature that is a text of the frame as it is, or of a view; undefined for any other. */
function textSql(planned: PlannedFeature, context: Context): string | undefined {
  const source = sourceAsItIs(planned);
  if (source === undefined) return undefined;
  if ("join" in source) return storedType(source, context) === "string" ? storedSql(source, context) : undefined;
  const type = context.request.frame.columns.find(({ name }) => name === source.field)?.type;
  return type === "string" && source.field !== context.request.timestamp ? `p.${quoteName(source.field)}` : undefined;
}

function fieldSql(field: string, { frame, timestamp }: FrameHistoryRequest): string {
  if (field === timestamp) return `epoch_us(p."mill at")::double`;
  const type = frame.columns.find(({ name }) => name === field)?.type ?? "double";
  return asDouble(`p.${quoteName(field)}`, type);
}

function storedSql({ join, feature }: Stored, { plan, request }: Context): string {
  const view = plan.joins[join]?.view;
  const value = `j${join}.${quoteName(feature)}`;
  if (view === undefined) return value;
  const { type } = columnIn(request.columnsOf(view.from.name), feature, view);
  return countedSql({ view, feature, value, rowTime: `j${join}."mill at"`, at: `p."mill at"`, type });
}

function storedType({ join, feature }: Stored, { plan, request }: Context): string {
  const view = plan.joins[join]?.view;
  return view === undefined ? "double" : columnIn(request.columnsOf(view.from.name), feature, view).type;
}

function typeOfFeature(planned: PlannedFeature, context: Context): string {
  if (planned.from === "stored") return storedType(planned, context);
  return textSql(planned, context) === undefined ? "double" : "string";
}
