import { quoteText } from "@millwright/lakehouse";
import type { FeatureViewData } from "../definitions.ts";

export interface Counted {
  readonly view: FeatureViewData;
  readonly feature: string;
  /** The joined row's value, and its time; both null where there is no row. */
  readonly value: string;
  readonly rowTime: string;
  /** When it is asked. */
  readonly at: string;
  /** The Iceberg type of the value. */
  readonly type: string;
}

/** A feature of a joined row as its view lets it count: what is missing and what is too old, by what the view says of them. */
export function countedSql({ view, feature, value, rowTime, at, type }: Counted): string {
  const { ttlMs, onMissing, onStale } = view;
  const fallback = defaultSql(view.defaults?.[feature], type);
  const held = ttlMs === null || onStale === "last_known" ? value : inTime();
  return onMissing === "default" ? `CASE WHEN ${rowTime} IS NULL THEN ${fallback} ELSE ${held} END` : held;

  function inTime(): string {
    const oldest = `${at} - to_microseconds(${(ttlMs ?? 0) * 1_000})`;
    const stale = onStale === "default" ? ` WHEN ${rowTime} IS NOT NULL THEN ${fallback}` : "";
    return `CASE WHEN ${rowTime} >= ${oldest} THEN ${value}${stale} END`;
  }
}

function defaultSql(value: number | string | undefined, type: string): string {
  if (value === undefined) return "NULL";
  if (type === "string") return quoteText(String(value));
  if (typeof value === "string") return "NULL";
  if (type === "boolean") return value === 0 ? "false" : "true";
  if (type.startsWith("timestamp")) return `make_timestamp(${Math.round(value)})`;
  return `${value}::double`;
}
