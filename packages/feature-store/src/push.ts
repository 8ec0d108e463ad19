import type { FeatureViewData } from "./definitions.ts";
import { featureErrors } from "./errors.ts";
import { timeMsOf } from "./lookup.ts";
import { entityKey, type OnlineRow, type OnlineStore } from "./ports.ts";

export interface PushedRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The view's features that are text in its table. */
  readonly textFeatures: ReadonlySet<string>;
}

/**
 * Puts rows straight into the online store, where they count at once. A row older than the one that is there is left; a
 * pushed one stays until its table brings one as new. Returns how many were taken. Throws `features/wrong-rows`, and then
 * took none.
 */
export function pushRows(
  online: OnlineStore,
  view: FeatureViewData,
  { rows, textFeatures }: PushedRows,
): Promise<number> {
  const read = rows.map((row, index) => onlineRow(view, { row, number: index + 1, textFeatures }));
  return online.mergeRows({ view: view.name, features: view.features }, read, { pushed: true });
}

function onlineRow(
  view: FeatureViewData,
  {
    row,
    number,
    textFeatures,
  }: {
    readonly row: Readonly<Record<string, unknown>>;
    readonly number: number;
    readonly textFeatures: ReadonlySet<string>;
  },
): OnlineRow {
  const wrong = (because: string) =>
    featureErrors.create("features/wrong-rows", { because: `row ${number}: ${because}` });
  const known = new Set([
    ...view.key,
    view.timestamp,
    ...(view.created == null ? [] : [view.created]),
    ...view.features,
  ]);
  const unknown = Object.keys(row).find((name) => !known.has(name));
  if (unknown !== undefined) throw wrong(`${view.name} has no ${unknown}`);
  const key = view.key.map((name) => {
    const value = row[name];
    if (typeof value === "string" || typeof value === "number") return value;
    throw wrong(`${name} is no key`);
  });
  const eventTimeMs = timeMsOf(row[view.timestamp]);
  if (eventTimeMs === undefined) throw wrong(`${view.timestamp} is no time`);
  const texts: Record<string, string> = {};
  const values = view.features.map((name) => {
    const value = row[name];
    if (value === null || value === undefined) return Number.NaN;
    if (textFeatures.has(name)) {
      if (typeof value !== "string") throw wrong(`${name} is no text`);
      texts[name] = value;
      return Number.NaN;
    }
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw wrong(`${name} is no number`);
  });
  const told = Object.keys(texts).length === 0 ? {} : { texts };
  return { key: entityKey(key), eventTimeMs, values: Float64Array.from(values), ...told };
}
