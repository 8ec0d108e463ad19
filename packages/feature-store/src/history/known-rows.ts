import type { Column } from "@millwright/kernel";
import { quoteName } from "@millwright/lakehouse";
import type { FeatureViewData } from "../definitions.ts";
import type { StoredJoin } from "../domain/plan.ts";
import { featureErrors } from "../errors.ts";

interface KnownRowsRequest {
  readonly columnsOf: (table: string) => readonly Column[];
  /** Also rows that were written down after the time asked about. */
  readonly laterCreated: boolean;
}

/**
 * A view's rows, one a key and `mill known`: the time from which the row is the one that counts. Where rows say when they
 * were written, a row is known from the later of its two times; one that is known only when a newer row already is never
 * counts, so that what remains is in order of both and the newest known row is the newest row known.
 */
export function knownRows(
  { view, features }: Pick<StoredJoin, "view" | "features">,
  { columnsOf, laterCreated }: KnownRowsRequest,
): string {
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

/** An instant as a TIMESTAMP of UTC, from a time of any kind, ISO text, or milliseconds since 1970. */
export function instantSql(sql: string, type: string): string {
  if (type === "timestamp" || type === "timestamptz") return `make_timestamp(epoch_us(${sql}))`;
  if (type === "date") return `${sql}::timestamp`;
  if (type === "int" || type === "long") return `make_timestamp(${sql}::bigint * 1000)`;
  if (type === "string") return `make_timestamp(epoch_us(${sql}::timestamptz))`;
  throw featureErrors.create("features/wrong-frame", { because: `${sql} is ${type}, which is no time` });
}

export function columnIn(columns: readonly Column[], name: string, view: FeatureViewData): Column {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw featureErrors.create("features/unknown-column", {
    because: `${view.name}: there is no column ${name} among ${columns.map((column) => column.name).join(", ") || "none: the table was not made yet"}`,
  });
}
