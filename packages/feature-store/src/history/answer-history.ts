import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { nearest, type Column, type IdSource } from "@millwright/kernel";
import { quoteName, quoteText, type Lakehouse, type SqlValue } from "@millwright/lakehouse";
import type { FeatureSelection, FeatureViewData, OnDemandFeatureViewData } from "../definitions.ts";
import { planFeatures } from "../domain/plan.ts";
import { featureErrors } from "../errors.ts";
import { openFrame, rowsFrame, type EntityFrame, type FrameFormat, type FrameRow } from "./entity-frame.ts";
import { frameHistory, type FrameHistory } from "./frame-history.ts";

/** The views of one project and where their rows are. */
export interface HistoryPorts {
  readonly lakehouse: Lakehouse;
  readonly featureViews: readonly FeatureViewData[];
  readonly onDemandViews: readonly OnDemandFeatureViewData[];
  /** A folder that the engine may read and write, whose files callers put there or take away. */
  readonly exchangeFolder: string;
  readonly ids: IdSource;
}

export interface HistoryQuestion {
  /** The frame: its rows, or the name of a file in the exchange folder. */
  readonly entities: readonly FrameRow[] | string;
  /** Each as `view:feature`. */
  readonly features: readonly string[];
  /** The frame's column of times; `event_timestamp`, or its one column of times, when absent. */
  readonly timestamp?: string;
  readonly fullNames?: boolean;
  readonly withInputs?: boolean;
  readonly laterCreated?: boolean;
}

export interface HistoryAnswer {
  readonly columns: readonly Column[];
  /** None when they went into a file. */
  readonly rows: readonly (readonly SqlValue[])[];
  readonly rowCount: number;
  readonly truncated: boolean;
  /** Its name in the exchange folder. */
  readonly file: string | null;
}

type View = FeatureViewData | OnDemandFeatureViewData;

/** Joins a frame with its features and answers with rows. Times come as ISO 8601 text in UTC; no number is infinite in JSON, so infinities come as text. */
export async function answerHistory(
  ports: HistoryPorts,
  question: HistoryQuestion,
  { maxRows }: { readonly maxRows: number },
): Promise<HistoryAnswer> {
  return withHistory(ports, question, async ({ select, columns }) => {
    const asked = columns.map(({ name, type }) => textOfTime(name, type));
    const { rows, truncated } = await ports.lakehouse.query(`SELECT ${asked.join(", ")} FROM (${select})`, { maxRows });
    return { columns, rows: rows.map((row) => row.map(finite)), rowCount: rows.length, truncated, file: null };
  });
}

/** The same into a file of the exchange folder, in bounded memory. */
export async function writeHistory(
  ports: HistoryPorts,
  question: HistoryQuestion,
  { format }: { readonly format: "csv" | "jsonl" | "parquet" },
): Promise<HistoryAnswer> {
  return withHistory(ports, question, async ({ select, columns }) => {
    const file = `history-${ports.ids()}.${format}`;
    const path = join(ports.exchangeFolder, file);
    const asked = columns.map(({ name, type }) => (format === "parquet" ? quoteName(name) : textOfTime(name, type)));
    const options = { csv: "FORMAT csv, HEADER", jsonl: "FORMAT json", parquet: "FORMAT parquet, COMPRESSION zstd" };
    const copied = await ports.lakehouse.query(
      `COPY (SELECT ${asked.join(", ")} FROM (${select})) TO ${quoteText(path)} (${options[format]})`,
    );
    const rowCount = Number(copied.rows[0]?.[0] ?? 0);
    return { columns, rows: [], rowCount, truncated: false, file };
  });
}

async function withHistory<Result>(
  ports: HistoryPorts,
  question: HistoryQuestion,
  work: (history: FrameHistory) => Promise<Result>,
): Promise<Result> {
  await mkdir(ports.exchangeFolder, { recursive: true });
  const rowsFile = join(ports.exchangeFolder, `frame-${ports.ids()}.rows.jsonl`);
  try {
    const selections = question.features.flatMap((asked) => selectionOf(ports, asked, question));
    const frame = withoutRows(await frameOf(ports, question, rowsFile), selections);
    const tables = new Set(planFeatures(selections).joins.map(({ view }) => view.from.name));
    const columns = new Map<string, readonly Column[]>();
    for (const table of tables) columns.set(table, (await ports.lakehouse.table(table))?.columns ?? []);
    const history = frameHistory({
      frame,
      timestamp: question.timestamp ?? timeColumn(frame),
      selections: distinct(selections),
      columnsOf: (table) => columns.get(table) ?? [],
      laterCreated: question.laterCreated ?? false,
    });
    return await work(history);
  } finally {
    await rm(rowsFile, { force: true });
    if (typeof question.entities === "string")
      await rm(`${join(ports.exchangeFolder, question.entities)}.rows.jsonl`, { force: true });
  }
}

function frameOf(
  { lakehouse, exchangeFolder }: HistoryPorts,
  { entities }: HistoryQuestion,
  rowsFile: string,
): Promise<EntityFrame> {
  if (typeof entities !== "string") return rowsFrame(entities, rowsFile);
  const [, format = ""] = /^[A-Za-z0-9-]+\.(csv|json|jsonl|parquet)$/.exec(entities) ?? [];
  if (format === "")
    throw featureErrors.create("features/wrong-frame", { because: "the frame is neither CSV, JSON nor Parquet" });
  return openFrame(lakehouse, { path: join(exchangeFolder, entities), format: format as FrameFormat });
}

/** An empty list of rows names no columns: it has those that the features need. */
function withoutRows(frame: EntityFrame, selections: readonly FeatureSelection[]): EntityFrame {
  if (frame.columns.length > 0) return frame;
  const names = planFeatures(selections).fields.map(({ name }) => name);
  const columns = [...new Set([...names, "event_timestamp"])].map((name) => ({ name, type: "string" }));
  const nulls = columns.map(({ name }) => `NULL::varchar AS ${quoteName(name)}`).join(", ");
  return { columns, typed: false, times: [], select: () => `SELECT ${nulls}, 0 AS "mill row" WHERE false` };
}

/** The column of times: `event_timestamp` when there is one, else the only column that holds times. */
function timeColumn({ columns, times }: EntityFrame): string {
  if (columns.some(({ name }) => name === "event_timestamp")) return "event_timestamp";
  const [only] = times;
  if (only !== undefined && times.length === 1) return only;
  throw featureErrors.create("features/missing-column", {
    because: times.length === 0 ? "no column holds times" : `${times.join(" and ")} hold times, and one is to say when`,
    remedy: "Say which column tells when each row asks: `--timestamp COLUMN`.",
  });
}

function selectionOf(
  { featureViews, onDemandViews }: HistoryPorts,
  asked: string,
  { fullNames = false, withInputs = false }: HistoryQuestion,
): readonly FeatureSelection[] {
  const at = asked.indexOf(":");
  const [viewName, feature] = at === -1 ? [asked, undefined] : [asked.slice(0, at), asked.slice(at + 1)];
  const view = [...featureViews, ...onDemandViews].find(({ name }) => name === viewName);
  if (view === undefined)
    throw featureErrors.create("features/unknown-view", {
      because: `nothing is called ${viewName}${meant(
        viewName,
        [...featureViews, ...onDemandViews].map(({ name }) => name),
      )}`,
    });
  const known = featuresOf(view);
  if (feature !== undefined && !known.includes(feature))
    throw featureErrors.create("features/unknown-feature", {
      because: `${viewName} has no feature ${feature}${meant(feature, known)}`,
    });
  const prefixOf = (name: string) => (fullNames ? `${name}__` : "");
  const features = feature === undefined ? known : [feature];
  const own: FeatureSelection = { view, features, on: ownKeys(view), prefix: prefixOf(viewName) };
  if (view.kind === "feature_view" || !withInputs) return [own];
  return [...view.inputs.map((input) => ({ ...input, prefix: prefixOf(input.view.name) })), own];
}

function ownKeys(view: View): Readonly<Record<string, string>> {
  const names = view.kind === "feature_view" ? view.key : Object.keys(view.request);
  return Object.fromEntries(names.map((name) => [name, name]));
}

function featuresOf(view: View): readonly string[] {
  return view.kind === "feature_view" ? view.features : Object.keys(view.features);
}

function meant(name: string, known: readonly string[]): string {
  const found = nearest(name, known);
  return found === undefined ? "" : `; did you mean ${found}?`;
}

/** A feature that was asked for, and is an input of another, comes once. */
function distinct(selections: readonly FeatureSelection[]): readonly FeatureSelection[] {
  const seen = new Set<string>();
  return selections.flatMap((selection) => {
    const features = selection.features.filter((feature) => {
      const id = `${selection.view.name}\u0000${feature}`;
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    });
    return features.length === 0 ? [] : [{ ...selection, features }];
  });
}

function textOfTime(name: string, type: string): string {
  const column = quoteName(name);
  if (type !== "timestamptz") return column;
  return `strftime(make_timestamp(epoch_us(${column})), '%Y-%m-%dT%H:%M:%S.%fZ') AS ${column}`;
}

function finite(value: SqlValue): SqlValue {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
