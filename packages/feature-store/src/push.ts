import type { FeatureViewData } from "./definitions.ts";
import { featureErrors } from "./errors.ts";
import { timeMsOf } from "./lookup.ts";
import { entityKey, type OnlineRow, type OnlineStore } from "./ports.ts";

/**
 * Puts rows straight into the online store, where they count at once. A row older than the one that is there is left; a
 * pushed one stays until its table brings one as new. Returns how many were taken. Throws `features/wrong-rows`, and then
 * took none.
 */
export function pushRows(
  online: OnlineStore,
  view: FeatureViewData,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<number> {
  const read = rows.map((row, index) => onlineRow(view, { row, number: index + 1 }));
  return online.mergeRows({ view: view.name, features: view.features }, read, { pushed: true });
}

function onlineRow(
  view: FeatureViewData,
  { row, number }: { readonly row: Readonly<Record<string, unknown>>; readonly number: number },
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
  const values = view.features.map((name) => {
    const value = row[name];
    if (value === null || value === undefined) return Number.NaN;
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw wrong(`${name} is no number`);
  });
  return { key: entityKey(key), eventTimeMs, values: Float64Array.from(values) };
}
