import type { ProgressSink } from "@millwright/kernel";
import { quoteName, textOf, type ColumnVector, type Lakehouse } from "@millwright/lakehouse";
import type { FeatureViewData } from "./definitions.ts";
import { featureErrors } from "./errors.ts";
import { asDouble } from "./historical.ts";
import { entityKey, type OnlineRow, type OnlineStore } from "./ports.ts";

export interface MaterialisePorts {
  readonly lakehouse: Lakehouse;
  readonly online: OnlineStore;
  readonly progress: ProgressSink;
}

export interface MaterialiseResult {
  readonly entities: number;
  readonly bytes: number;
  /** The newest event time among the rows, in milliseconds; null when there are none. */
  readonly newestMs: number | null;
}

/** Puts each entity's newest row, as of a time (default: the newest there is), into the online store, all at once. */
export async function materialise(
  ports: MaterialisePorts,
  view: FeatureViewData,
  { asOf }: { readonly asOf?: string } = {},
): Promise<MaterialiseResult> {
  const select = await newestRows(ports.lakehouse, view, asOf);
  const rows: OnlineRow[] = [];
  for await (const batch of ports.lakehouse.readColumns(select)) {
    const keys = batch.columns.slice(0, view.key.length);
    const times = batch.columns[view.key.length];
    const features = batch.columns.slice(view.key.length + 1);
    for (let row = 0; row < batch.rows; row += 1) {
      const values = Float64Array.from(features, (vector) => numberAt(vector, row));
      rows.push({
        key: entityKey(keys.map((vector) => textAt(vector, row))),
        eventTimeMs: times === undefined ? 0 : Math.floor(numberAt(times, row) / 1_000),
        values,
      });
    }
    ports.progress({ message: `materialising ${view.name}`, done: rows.length, unit: "entities" });
  }
  await ports.online.replaceView({ view: view.name, features: view.features }, rows);
  const newestMs =
    rows.length === 0 ? null : rows.reduce((newest, { eventTimeMs }) => Math.max(newest, eventTimeMs), 0);
  return { entities: rows.length, bytes: rows.length * view.features.length * 8, newestMs };
}

async function newestRows(lakehouse: Lakehouse, view: FeatureViewData, asOf: string | undefined): Promise<string> {
  const table = await lakehouse.table(view.from.name);
  const columns = table?.columns ?? [];
  const typeOf = (name: string) => {
    const found = columns.find((column) => column.name === name);
    if (found === undefined)
      throw featureErrors.create("features/unknown-column", {
        because: `${view.name}: ${view.from.name} has no column ${name}`,
      });
    if (/^(string|binary|uuid|time$)/.test(found.type) && !view.key.includes(name)) {
      throw featureErrors.create("features/not-numeric", { because: `${view.name}: ${name} is ${found.type}` });
    }
    return found.type;
  };
  const time = quoteName(view.timestamp);
  const keys = view.key.map((key) => `${quoteName(key)}::varchar`);
  const features = view.features.map(
    (name) => `arg_max(${asDouble(quoteName(name), typeOf(name))}, ${time}) AS ${quoteName(name)}`,
  );
  // arg_max passes over nulls; a row whose newest value is null must stay null, so the newest time is found first.
  const newest = `SELECT * FROM ${lakehouse.relation(view.from.name)} ${asOf === undefined ? "" : `WHERE ${time} <= TIMESTAMP '${asOf.replaceAll("'", "")}'`} QUALIFY rank() OVER (PARTITION BY ${view.key.map(quoteName).join(", ")} ORDER BY ${time} DESC) = 1`;
  return `SELECT ${[...keys.map((key, index) => `${key} AS k${index}`), `epoch_us(max(${time}::timestamp))::double AS at`, ...features].join(", ")} FROM (${newest}) GROUP BY ${keys.join(", ")} ORDER BY ${keys.join(", ")}`;
}

function numberAt({ values, valid }: ColumnVector, row: number): number {
  if (valid?.[row] === 0) return Number.NaN;
  const value = values[row];
  return value === null || value === undefined ? Number.NaN : Number(value);
}

function textAt({ values }: ColumnVector, row: number): string {
  const value = values[row];
  return textOf(value);
}
