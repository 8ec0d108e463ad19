import { quoteName, quoteText, textOf, type Lakehouse } from "@millwright/lakehouse";
import { tenthsOf, type Asked } from "./tenths.ts";

/** How the values of one feature are counted. */
export type FeatureBins =
  | { readonly kind: "number"; readonly cuts: readonly string[]; readonly range: readonly [string, string] | undefined }
  /** `known` is every value of the baseline; undefined where there are too many to tell a new one. */
  | { readonly kind: "text"; readonly frequent: readonly string[]; readonly known: readonly string[] | undefined };

export type Bins = ReadonlyMap<string, FeatureBins>;

const FREQUENT_MAX = 20;
const KNOWN_MAX = 1_000;

/** Reads from the baseline how its features' values lie: numbers by tenths, text and truth by the most frequent values. */
export async function binsOf(lakehouse: Lakehouse, asked: Asked): Promise<Bins> {
  const types = new Map(((await lakehouse.table(asked.table))?.columns ?? []).map(({ name, type }) => [name, type]));
  const isText = (name: string) => ["string", "boolean"].includes(types.get(name) ?? "");
  const numbers = asked.features.filter((name) => !isText(name));
  const from = `${lakehouse.relation(asked.table)} WHERE ${asked.where}`;
  const tenths = await tenthsOf(lakehouse, { ...asked, features: numbers });
  const ranges = await rangesOf(lakehouse, { from, features: numbers });
  const bins = new Map<string, FeatureBins>();
  for (const name of asked.features) {
    if (isText(name)) bins.set(name, await valuesOf(lakehouse, { from, feature: name }));
    else bins.set(name, { kind: "number", cuts: tenths.get(name) ?? [], range: ranges.get(name) });
  }
  return bins;
}

async function rangesOf(
  lakehouse: Lakehouse,
  { from, features }: { readonly from: string; readonly features: readonly string[] },
): Promise<ReadonlyMap<string, readonly [string, string]>> {
  if (features.length === 0) return new Map();
  const bounds = features.flatMap((name) => [`min(${quoteName(name)})::float`, `max(${quoteName(name)})::float`]);
  const { rows } = await lakehouse.query(`SELECT ${bounds.join(", ")} FROM ${from}`);
  const found = rows[0] ?? [];
  return new Map(
    features.flatMap((name, index) => {
      const [low, high] = [found[2 * index], found[2 * index + 1]];
      return typeof low === "number" && typeof high === "number" ? [[name, [String(low), String(high)] as const]] : [];
    }),
  );
}

async function valuesOf(
  lakehouse: Lakehouse,
  { from, feature }: { readonly from: string; readonly feature: string },
): Promise<FeatureBins> {
  const value = `${quoteName(feature)}::varchar`;
  const { rows } = await lakehouse.query(
    `SELECT ${value} FROM ${from} AND ${quoteName(feature)} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${KNOWN_MAX + 1}`,
  );
  const values = rows.map(([found]) => textOf(found));
  return {
    kind: "text",
    frequent: values.slice(0, FREQUENT_MAX),
    known: values.length > KNOWN_MAX ? undefined : values,
  };
}

/**
 * The counts of a feature as one list: how many rows are outside of what the baseline has (null where that cannot be
 * told), how many miss it, then those of each bin.
 */
export function countsSql(feature: string, bins: FeatureBins): string {
  const value = quoteName(feature);
  const missing = `count(*) - count(${value})`;
  return `[${[outsideSql(value, bins), missing, ...binCounts(value, bins)].join(", ")}]::bigint[]`;
}

function outsideSql(value: string, bins: FeatureBins): string {
  if (bins.kind === "number") {
    if (bins.range === undefined) return `count(${value})`;
    const [low, high] = bins.range.map((bound) => `${quoteText(bound)}::float`);
    return `count_if(${value}::float < ${low} OR ${value}::float > ${high})`;
  }
  if (bins.known === undefined) return "NULL";
  if (bins.known.length === 0) return `count(${value})`;
  return `count_if(${value}::varchar NOT IN (${bins.known.map(quoteText).join(", ")}))`;
}

/** A number is in the tenth of as many cuts as are below it; where several cuts are one value, it is in the first one's. */
function binCounts(value: string, bins: FeatureBins): readonly string[] {
  if (bins.kind === "text") {
    const frequent = bins.frequent.map((text) => `count_if(${value}::varchar = ${quoteText(text)})`);
    return [...frequent, [`count(${value})`, ...frequent].join(" - ")];
  }
  const cuts = bins.cuts.map((cut) => `${quoteText(cut)}::float`);
  if (cuts.length === 0) return [`count(${value})`];
  // One search for each value, in place of a comparison with each cut.
  const counted = `histogram(${value}::float, [${[...new Set(cuts)].join(", ")}])`;
  const below = cuts.map((cut, index) => (cut === cuts[index - 1] ? "0" : `coalesce(${counted}[${cut}], 0)`));
  return [...below, [`count(${value})`, ...below].join(" - ")];
}
