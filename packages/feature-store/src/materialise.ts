import type { ProgressSink } from "@millwright/kernel";
import { quoteName, textOf, type ColumnVector, type Lakehouse } from "@millwright/lakehouse";
import type { FeatureViewData } from "./definitions.ts";
import { featureErrors } from "./errors.ts";
import { asDouble } from "./historical.ts";
import { instantSql } from "./history/known-rows.ts";
import { entityKey, type OnlineRow, type OnlineStore } from "./ports.ts";

export interface MaterialisePorts {
  readonly lakehouse: Lakehouse;
  readonly online: OnlineStore;
  readonly progress: ProgressSink;
}

export interface MaterialiseOptions {
  /** Rows known by then: no later event, and none written later. The newest there are when absent. */
  readonly asOfMs?: number;
  /** Only rows as new as the newest online, beside those that are there: what came since the last time. */
  readonly incremental?: boolean;
}

export interface MaterialiseResult {
  /** Rows that were put into the store. */
  readonly entities: number;
  readonly bytes: number;
  /** The newest event time among them, in milliseconds; null when there are none. */
  readonly newestMs: number | null;
}

/** Puts each entity's newest row, as of a time, into the online store, all at once. */
export async function materialise(
  ports: MaterialisePorts,
  view: FeatureViewData,
  { asOfMs, incremental = false }: MaterialiseOptions = {},
): Promise<MaterialiseResult> {
  const since = incremental ? ports.online.state(view.name).newestMs : null;
  const select = await newestRows(ports.lakehouse, view, {
    ...(asOfMs === undefined ? {} : { asOfMs }),
    ...(since === null ? {} : { sinceMs: since }),
  });
  const rows: OnlineRow[] = [];
  for await (const batch of ports.lakehouse.readColumns(select)) {
    const keys = batch.columns.slice(0, view.key.length);
    const times = batch.columns[view.key.length];
    const features = batch.columns.slice(view.key.length + 1);
    const texts = features.filter(({ type }) => type === "string");
    for (let row = 0; row < batch.rows; row += 1) {
      const values = Float64Array.from(features, (vector) =>
        vector.type === "string" ? Number.NaN : numberAt(vector, row),
      );
      rows.push({
        key: entityKey(keys.map((vector) => textAt(vector, row))),
        eventTimeMs: times === undefined ? 0 : numberAt(times, row) / 1_000,
        values,
        ...(texts.length === 0 ? {} : { texts: textsAt(texts, row) }),
      });
    }
    ports.progress({ message: `materialising ${view.name}`, done: rows.length, unit: "entities" });
  }
  const online = { view: view.name, features: view.features };
  if (since === null) await ports.online.replaceView(online, rows);
  else await ports.online.mergeRows(online, rows, { pushed: false });
  const newestMs =
    rows.length === 0 ? null : rows.reduce((newest, { eventTimeMs }) => Math.max(newest, eventTimeMs), -Infinity);
  return { entities: rows.length, bytes: rows.length * view.features.length * 8, newestMs };
}

/** The view's rows in the order in which they count: the last one of a key is the one that does, whatever it holds. */
async function newestRows(
  lakehouse: Lakehouse,
  view: FeatureViewData,
  { asOfMs, sinceMs }: { readonly asOfMs?: number; readonly sinceMs?: number },
): Promise<string> {
  const table = await lakehouse.table(view.from.name);
  const columns = table?.columns ?? [];
  const typeOf = (name: string) => {
    const found = columns.find((column) => column.name === name);
    if (found === undefined)
      throw featureErrors.create("features/unknown-column", {
        because: `${view.name}: ${view.from.name} has no column ${name}`,
      });
    if (/^(binary|uuid|time$)/.test(found.type) && !view.key.includes(name)) {
      throw featureErrors.create("features/not-numeric", { because: `${view.name}: ${name} is ${found.type}` });
    }
    return found.type;
  };
  const created = view.created ?? null;
  const at = instantSql(quoteName(view.timestamp), typeOf(view.timestamp));
  const written = created === null ? undefined : instantSql(quoteName(created), typeOf(created));
  const instant = (ms: number) => `make_timestamp(${BigInt(Math.round(ms * 1_000))})`;
  const conditions = [
    `${at} IS NOT NULL`,
    ...(asOfMs === undefined ? [] : [`${at} <= ${instant(asOfMs)}`]),
    ...(asOfMs === undefined || written === undefined ? [] : [`${written} <= ${instant(asOfMs)}`]),
    ...(sinceMs === undefined ? [] : [`${at} >= ${instant(sinceMs)}`]),
  ];
  const keys = view.key.map((key, index) => `${quoteName(key)}::varchar AS k${index}`);
  const features = view.features.map((name) => {
    const [column, type] = [quoteName(name), typeOf(name)];
    requireDefaultOfType(view, { name, type });
    return `${type === "string" ? column : asDouble(column, type)} AS ${column}`;
  });
  const last = [
    `${at} DESC`,
    ...(written === undefined ? [] : [`${written} DESC NULLS LAST`]),
    ...view.features.map((name) => `${quoteName(name)} DESC`),
  ];
  const entity = view.key.map(quoteName);
  const relation = lakehouse.relation(view.from.name);
  const where = conditions.join(" AND ");
  // Only the rows of each key's newest time are put in order: to sort all of them would take many times as long.
  const newest = `SELECT ${entity.join(", ")}, max(${at}) AS "mill newest" FROM ${relation} WHERE ${where} GROUP BY ${entity.join(", ")}`;
  const same = entity.map((key) => `n.${key} IS NOT DISTINCT FROM v.${key}`).join(" AND ");
  return (
    `SELECT ${[...keys, `epoch_us(${at})::double AS at`, ...features].join(", ")} FROM ${relation} AS v ` +
    `SEMI JOIN (${newest}) AS n ON ${same} AND ${at} = n."mill newest" WHERE ${where} ` +
    `QUALIFY row_number() OVER (PARTITION BY ${entity.join(", ")} ORDER BY ${last.join(", ")}) = 1`
  );
}

function requireDefaultOfType(
  { name: view, defaults = {} }: FeatureViewData,
  { name, type }: { readonly name: string; readonly type: string },
): void {
  const value = defaults[name];
  if (value === undefined || (typeof value === "string") === (type === "string")) return;
  const because = `${view}: the default of ${name} is ${JSON.stringify(value)}, and the column ${type}`;
  throw featureErrors.create("features/invalid-view", { because });
}

function numberAt({ values, valid }: ColumnVector, row: number): number {
  if (valid?.[row] === 0) return Number.NaN;
  const value = values[row];
  return value === null || value === undefined ? Number.NaN : Number(value);
}

/** The texts that are there, by feature. */
function textsAt(vectors: readonly ColumnVector[], row: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    vectors.flatMap(({ name, values }) => {
      const value = values[row];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

function textAt({ values }: ColumnVector, row: number): string {
  const value = values[row];
  return textOf(value);
}
